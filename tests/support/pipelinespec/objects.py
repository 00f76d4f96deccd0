"""The object store: keys and bytes, no folders, no links, no permissions; and where a container has its copies."""

from __future__ import annotations

import shutil
from pathlib import Path

SCHEMES = ("minio", "s3", "gs")


def local_path(uri: str) -> str | None:
    """Where the launcher keeps an artifact in the container; `None` for what it does not download."""
    scheme, _, rest = uri.partition("://")
    return f"/{scheme.replace('gs', 'gcs')}/{rest}" if scheme in SCHEMES else None


class Objects:
    """A bucket."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def upload(self, local: Path, uri: str) -> None:
        """Store a file, or all files of a folder; what is not there is left out."""
        files = [local] if local.is_file() else [p for p in local.rglob("*") if p.is_file()] if local.is_dir() else []
        for file in files:
            key = self._key(uri) / file.relative_to(local)
            key.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, key)

    def download(self, uri: str, local: Path) -> None:
        """Fetch what is stored at `uri`, or below it; there may be nothing."""
        key = self._key(uri)
        local.parent.mkdir(parents=True, exist_ok=True)
        if key.is_file():
            shutil.copyfile(key, local)
        elif key.is_dir():
            for file in key.rglob("*"):
                if file.is_file():
                    target = local / file.relative_to(key)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(file, target)

    def mount(self) -> None:
        """Let this process read it by addresses, as programs with credentials for it can."""
        import fsspec
        from fsspec.implementations.local import LocalFileSystem

        place = self

        class Bucket(LocalFileSystem):  # type: ignore[misc]  # untyped
            protocol = SCHEMES

            @classmethod
            def _strip_protocol(cls, path: str) -> str:
                return str(place._key(path)) if "://" in path else path

        for scheme in SCHEMES:
            fsspec.register_implementation(scheme, Bucket, clobber=True)

    def _key(self, uri: str) -> Path:
        return self.folder / uri.partition("://")[2]
