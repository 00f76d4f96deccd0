from metaflow import FlowSpec, current, retry, step


class CurrentFlow(FlowSpec):
    @retry(times=2, minutes_between_retries=0)
    @step
    def start(self):
        self.where = f"{current.flow_name}/{current.step_name}"
        self.attempt = current.retry_count
        self.named = len(current.run_id) > 0
        self.next(self.middle)

    @step
    def middle(self):
        from metaflow import current

        self.again = current.step_name
        self.next(self.end)

    @step
    def end(self):
        print(self.where, self.attempt)


if __name__ == "__main__":
    CurrentFlow()
