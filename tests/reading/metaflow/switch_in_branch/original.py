from metaflow import FlowSpec, step


class SwitchInBranchFlow(FlowSpec):
    @step
    def start(self):
        self.n = 4
        self.next(self.check, self.plain)

    @step
    def check(self):
        self.even = self.n % 2 == 0
        self.next({True: self.halve, False: self.raise_it}, condition="even")

    @step
    def halve(self):
        self.n = self.n // 2
        self.next(self.checked)

    @step
    def raise_it(self):
        self.n = 3 * self.n + 1
        self.next(self.checked)

    @step
    def checked(self):
        self.checked_n = self.n
        self.next(self.join)

    @step
    def plain(self):
        self.note = "plain"
        self.next(self.join)

    @step
    def join(self, inputs):
        self.n = inputs.checked.checked_n
        self.note = inputs.plain.note
        self.next(self.end)

    @step
    def end(self):
        print(self.n, self.note)


if __name__ == "__main__":
    SwitchInBranchFlow()
