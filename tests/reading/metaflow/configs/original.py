"""Configs: a file beside the flow, a dict, and a text, read in decorators, parameters and steps."""

import json

from metaflow import Config, FlowSpec, Parameter, config_expr, project, resources, retry, step, timeout

DEFAULTS = {"retries": 2, "memory": 2048, "names": ["a", "b"], "limits": {"low": 1, "high": 9}}


@project(name=config_expr("settings").project)
class ConfiguredFlow(FlowSpec):
    settings = Config(
        "settings",
        default="settings.json",
        help="What differs between sites.",
    )
    defaults = Config("defaults", default_value=DEFAULTS)
    inline = Config("inline", default_value='{"scale": 3}')
    absent = Config("absent")

    rows = Parameter("rows", default=settings.data.rows, help="How many.")

    @retry(times=defaults["retries"])
    @resources(memory=defaults.memory, cpu=config_expr("settings.train.cpu"))
    @step
    def start(self):
        self.texts = [f"{self.settings.data.prefix}{name}" for name in self.defaults.names]
        self.scaled = self.rows * self.inline.scale
        self.next(self.fit)

    @timeout(minutes=settings["train"]["minutes"])
    @step
    def fit(self):
        low, high = self.defaults.limits.low, self.defaults["limits"].high
        print(f"limits of {self.settings.train.name}: {self.defaults.limits}")
        self.kept = [n for n in range(self.scaled) if low <= n <= high]
        self.known = json.dumps(self.settings.train.to_dict()) + str(self.absent)
        self.best = {which: self.settings.models[which].depth for which in ("small", "large")}
        self.next(self.end)

    @step
    def end(self):
        print(self.kept, self.texts, self.settings.get("project"))


if __name__ == "__main__":
    ConfiguredFlow()
