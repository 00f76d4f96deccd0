def put_file(source: Path, folder: ObjectStoragePath) -> ObjectStoragePath:
    """Store a file or folder under its own name."""
    if not source.exists():
        raise FileNotFoundError(f"the step returned {str(source)!r}, which is not there")
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / source.resolve().name
    target.fs.put(str(source.resolve()), target.path, recursive=source.is_dir())
    return target


def read_file(path: ObjectStoragePath) -> Path:
    """Copy a file or folder out of the store, beside the working folder."""
    target = Path(tempfile.mkdtemp(dir=Path.cwd().parent)) / path.name
    path.fs.get(path.path, str(target), recursive=path.is_dir())
    return target
