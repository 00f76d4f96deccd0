def as_npy(array: Any) -> bytes | None:
    """Give an array as NPY, or nothing where it would come back changed."""
    import numpy

    if type(array) is not numpy.ndarray or array.dtype.hasobject:
        return None
    data = io.BytesIO()
    numpy.save(data, array, allow_pickle=False)
    return data.getvalue()
