import json

from pipec import pipeline, step
from shared import pretty


@step
def start(rounds: int):
    history = [rounds]
    return history


@step
def train(history):
    history = history + ["small"]
    return history


@step
def report(history) -> tuple[object, object]:
    text = pretty(history)
    keys = json.loads(text)
    return text, keys


@step
def end(text):
    print(text)


@pipeline
def small(rounds: int = 2):
    history = start(rounds)
    history = train(history)
    text, keys = report(history)
    end(text)
    return {"history": history, "text": text, "keys": keys}


@step
def large_train(history, rounds: int):
    history = history + ["large"] * rounds
    return history


@pipeline
def large(rounds: int = 2):
    history = start(rounds)
    history = large_train(history, rounds)
    text, keys = report(history)
    end(text)
    return {"history": history, "text": text, "keys": keys}
