"""Steps of nodes that have no blocks in them: tasks, expressions, checks, sensors."""

from __future__ import annotations

from pipec.backends.metaflow.assemble import Assembler
from pipec.backends.metaflow.draft import Assign, Call, Draft, Look, Open, Raise
from pipec.compiler.diagnostics.target import RefusedSetting
from pipec.ir import Check, Code, Compute, Const, Statement, Task, ValueId, Wait, uses
from pipec.ir.literals import value_of

WAITED_FOR = ("file", "s3")
"""Schemes of URIs that a flow can look at; also plain paths."""


MAY_FAIL = Code(source="fail()")
"""What no step of the user's evaluates."""


def is_hosted(node: Statement) -> bool:
    """Whether `node` needs no step of its own: an expression or a check whose failure fails the run."""
    return isinstance(node, (Compute, Check)) and node.caught is None


class Leaves(Assembler):
    """Makes those steps."""

    def leaf(self, node: Statement, open_: Open) -> Open:
        """The step of `node` at `open_`, or `open_` where an earlier step does it."""
        match node:
            case Task():
                doc = self.pipeline.component(node.component).doc.strip().split("\n")[0]
                step = self._catching(open_, node.id, doc or f"Run `{node.site.step}`.", node.caught, node)
                step.actions.append(Call(node))
                return Open((step,))
            case Compute():
                return self._compute(node, open_)
            case Check():
                return self._check(node, open_)
            case Wait():
                self._look_at(node)
                step = self._catching(open_, node.id, "Wait until there is something at a URI.", node.caught)
                step.actions.append(Look(node))
                return Open((step,))
            case _:
                raise AssertionError(f"{node.kind} blocks emission")

    def _catching(self, open_: Open, name: str, doc: str, caught: ValueId | None, task: Task | None = None) -> Draft:
        """A step for one thing, which may catch its failure.

        It is no join then: what a join hands on would be lost where the process is killed.
        """
        if caught is not None and open_.mode == "join":
            open_ = self.single(open_)
        if task is not None:
            step = self.add(open_, self.step_names[task.id], doc, task)
        else:
            step = self.synthetic(open_, name, doc)
        step.caught = caught
        if caught is not None:
            self.catching[caught] = step.name
        return step

    def _compute(self, node: Compute, open_: Open) -> Open:
        name, doc = f"compute_{node.outputs[0] if node.outputs else node.id}", _computing(node)
        if node.caught is not None:
            step = self._catching(open_, name, doc, node.caught)
        else:
            step = self.host(open_, [let.expr for let in node.lets], name, doc)
        self.assign(step, node)
        return open_ if open_.mode == "branch" and step is open_.end else Open((step,))

    def assign(self, step: Draft, node: Compute) -> None:
        """Have `step` evaluate the expressions of `node`."""
        read = {v for let in node.lets for v in uses(let.expr)}
        for let in node.lets:
            local = let.id in read and let.id not in node.outputs
            step.actions.append(Assign(let.id, let.expr, let.type, local=local))

    def _check(self, node: Check, open_: Open) -> Open:
        doc = _checking(node)
        if node.caught is not None:
            step = self._catching(open_, node.id, doc, node.caught)
        else:
            step = self.host(open_, [MAY_FAIL], node.id, doc)
        step.actions.append(Raise(node))
        return open_ if open_.mode == "branch" and step is open_.end else Open((step,))

    def _look_at(self, node: Wait) -> None:
        """Refuse a URI that a flow cannot look at, where it is known."""
        if not isinstance(node.uri, Const):
            return
        scheme, found, _ = str(value_of(node.uri.source)).partition("://")
        if found and scheme not in WAITED_FOR:
            reason = f"a flow looks at paths, `file://` and `s3://`, and at no `{scheme}://`"
            self.report.add(RefusedSetting(node.span, "metaflow", "wait_for", "uri", reason))


def _checking(node: Check) -> str:
    if node.condition == Const(source="False"):
        return "Fail the run."
    if not node.source:
        return "Fail the run if the `try` has failed."
    told = node.condition.source if isinstance(node.condition, Code) else ""
    return f"Go on only if `{told}`." if told and len(told) <= 60 and "\n" not in told else "Check whether to go on."


def _computing(node: Compute) -> str:
    listed = ", ".join(f"`{name}`" for name in node.outputs)
    return f"Compute {listed}." if listed else "Evaluate what the pipeline says."
