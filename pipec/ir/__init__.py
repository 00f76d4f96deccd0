"""What a pipeline is, whatever the orchestrator: nodes, expressions, policies, types."""

from pipec.ir.base import NOWHERE, Node, Span
from pipec.ir.code import (
    Component,
    Container,
    ContainerArgument,
    ContainerOutput,
    ContainerSlot,
    Definition,
    Native,
    NativePort,
    Port,
)
from pipec.ir.expressions import Code, Const, Expr, Ref, ValueId, text, uses
from pipec.ir.nodes import (
    Argument,
    Block,
    Branch,
    CallSite,
    Check,
    Collect,
    Compute,
    ForEach,
    Group,
    GroupResult,
    Iteration,
    Let,
    LoopVar,
    NodeId,
    Opaque,
    Otherwise,
    Output,
    Parallel,
    Parameter,
    Phi,
    Pipeline,
    RunValue,
    Statement,
    Task,
    Try,
    Wait,
)
from pipec.ir.policies import (
    CRON_PRESETS,
    Accelerator,
    Cache,
    PipelinePolicy,
    Placement,
    Resources,
    Retry,
    Schedule,
    SecretRef,
    TaskPolicy,
)
from pipec.ir.types import (
    VALUE,
    DictOf,
    FileType,
    ListOf,
    ObjectType,
    OptionalOf,
    TupleOf,
    Type,
    ValueType,
    is_artifact,
    leaves,
    optional,
)

__all__ = [
    "Accelerator", "Argument", "Block", "Branch", "CRON_PRESETS", "Cache", "CallSite", "Check", "Code", "Collect",
    "Component", "Compute", "Const", "Container", "ContainerArgument", "ContainerOutput", "ContainerSlot", "Definition",
    "DictOf", "Expr", "FileType", "ForEach", "Group", "GroupResult", "Iteration", "Let", "ListOf", "LoopVar", "NOWHERE",
    "Native", "NativePort", "Node", "NodeId", "ObjectType", "Opaque", "OptionalOf", "Otherwise", "Output", "Parallel",
    "Parameter", "Phi", "Pipeline", "PipelinePolicy", "Placement", "Port", "Ref", "Resources", "Retry", "RunValue",
    "Schedule", "SecretRef", "Span", "Statement", "Task", "TaskPolicy", "Try", "TupleOf", "Type", "VALUE", "ValueId",
    "ValueType", "Wait", "is_artifact", "leaves", "optional", "text", "uses",
]  # fmt: skip
