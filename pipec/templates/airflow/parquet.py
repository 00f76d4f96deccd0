def as_parquet(frame: Any) -> bytes | None:
    """Give a DataFrame as Parquet, or nothing where it would come back changed."""
    import pandas

    try:
        data: bytes = frame.to_parquet()
        back = pandas.read_parquet(io.BytesIO(data))
        pandas.testing.assert_frame_equal(frame, back, check_exact=True)
    except Exception:  # whatever Parquet does not take is pickled
        return None
    return data if frame.attrs == back.attrs else None
