from metaflow import FlowSpec, catch, retry, step


class CatchFlow(FlowSpec):
    @step
    def start(self):
        self.divisors = [2, 0, 5]
        self.next(self.divide, foreach="divisors")

    @catch(var="failure", print_exception=False)
    @retry(times=0)
    @step
    def divide(self):
        self.divisor = self.input
        self.result = 100 // self.divisor
        self.next(self.join)

    @step
    def join(self, inputs):
        self.results = [i.result for i in inputs if not i.failure]
        self.failures = len([i for i in inputs if i.failure])
        self.next(self.risky)

    @catch(print_exception=False)
    @step
    def risky(self):
        self.extra = 1
        raise ValueError("always")
        self.next(self.end)

    @step
    def end(self):
        print(self.results, self.failures)


if __name__ == "__main__":
    CatchFlow()
