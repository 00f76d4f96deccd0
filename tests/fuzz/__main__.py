"""`python -m tests.fuzz 500 --seed 1`: random modules on plain Python and the targets; exit status 1 if one disagrees."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pipec import backends
from tests.fuzz.campaign import Campaign
from tests.support.generator import chosen, seeded
from tests.support.generator.features import FEATURES


def main() -> int:
    """Run a campaign as the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=100, help="how many modules")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--targets", default=",".join(backends.names()), help="comma-separated; default: all")
    parser.add_argument(
        "--features",
        default="language",
        help=f"'language', or some of: {', '.join(sorted(FEATURES))}; -name leaves one out, +name adds it",
    )
    parser.add_argument("--size", type=int, default=12, help="statements of a module")
    parser.add_argument("--first", type=int, default=0, help="number of the first module")
    parser.add_argument("--only", type=int, help="judge the module with that number alone")
    parser.add_argument("--show", action="store_true", help="print the modules, and run nothing")
    parser.add_argument("--shrink", type=float, default=120.0, help="seconds to shrink a disagreement; 0: leave it")
    parser.add_argument("--jobs", type=int, default=1, help="processes that share the modules")
    parser.add_argument("--out", type=Path, help="folder for the modules that disagree; default: a temporary one")
    args = parser.parse_args()
    numbers = [args.only] if args.only is not None else range(args.first, args.first + args.count)
    features = chosen(args.features)
    if args.show:
        print("\n".join(seeded(args.seed, n, features, args.size) for n in numbers))
        return 0
    if args.jobs > 1 and args.only is None:
        return shared(args)
    targets = [t for t in args.targets.split(",") if t]
    campaign = Campaign(args.seed, targets, features, args.size, args.shrink, lambda text: print(text, flush=True))
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fuzz-", ignore_cleanup_errors=True) as folder:
        campaign.run(numbers, Path(folder))
    print(f"seed {args.seed}, {len(numbers)} modules, {time.monotonic() - start:.0f} s\n{campaign.summary()}")
    if not campaign.disagreements:
        return 0
    out = args.out or Path(tempfile.mkdtemp(prefix="fuzz-found-"))
    out.mkdir(parents=True, exist_ok=True)
    for one in campaign.disagreements:
        (out / f"seed{args.seed}_{one.number}_{one.target}.py").write_text(one.text(), encoding="utf-8")
    print(f"{len(campaign.disagreements)} disagree: {out}")
    return 1


def shared(args: argparse.Namespace) -> int:
    """Let several processes judge the modules, each a part of them."""
    same = [f"--{name}={getattr(args, name)}" for name in ("seed", "targets", "features", "size", "shrink")]
    same += [f"--out={args.out}"] if args.out else []
    bounds = [args.first + args.count * i // args.jobs for i in range(args.jobs + 1)]
    parts = [[str(end - start), f"--first={start}"] for start, end in zip(bounds, bounds[1:]) if end > start]
    running = [subprocess.Popen([sys.executable, "-m", "tests.fuzz", *part, *same]) for part in parts]
    return max((process.wait() for process in running), default=0)


if __name__ == "__main__":
    sys.exit(main())
