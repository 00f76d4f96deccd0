def fetched(place: str) -> Path:
    """Copy an artifact out of the store, beside the working folder."""
    # region mixed
    if "://" not in place:  # it has been, where Airflow is
        return Path(place)
    # endregion
    import fsspec

    files, path = fsspec.core.url_to_fs(place)
    target = Path(tempfile.mkdtemp(dir=Path.cwd().parent)) / Path(path).name
    files.get(path, str(target), recursive=files.isdir(path))
    return target


def hand_over(folder: Path) -> None:
    """Put the artifacts that a step has made into the store."""
    # region mixed
    store = json.loads((folder / "call.json").read_text()).get("store")
    made = sorted((folder / "result").glob("*")) if store else []
    # region contained only
    store = json.loads((folder / "call.json").read_text())["store"]
    made = sorted((folder / "result").glob("*"))
    # endregion
    if made:
        import fsspec

        files, path = fsspec.core.url_to_fs(store)
        files.makedirs(path, exist_ok=True)
        for one in made:
            files.put(str(one), f"{path}/{one.name}", recursive=one.is_dir())
