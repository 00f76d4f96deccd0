from kfp import components, dsl

GREET = components.load_component_from_text("""
name: Greet someone
description: Says hello.
inputs:
- {name: Who, type: String, default: you}
- {name: Times, type: Integer}
- {name: Data, type: Dataset, optional: true}
- {name: Plain}
- {name: Options, type: JsonObject, default: '{"a": 1}'}
outputs:
- {name: Text, type: String}
- {name: Model file, type: Model}
implementation:
  container:
    image: alpine:3.20
    command: [sh, -c]
    args:
    - echo "$0" > "$1"
    - {inputValue: Who}
    - {outputPath: Text}
    - --plain
    - {inputPath: Plain}
    - {outputPath: Model file}
    - {outputUri: Model file}
    - if:
        cond: {isPresent: Data}
        then: [--data, {inputPath: Data}]
    - concat: [--times=, {inputValue: Times}]
    env:
      MODE: fast
""")


@dsl.component
def show(text: str):
    print(text)


@dsl.pipeline(name="from-text")
def from_text():
    plain = dsl.importer(artifact_uri="gs://bucket/plain", artifact_class=dsl.Artifact)
    greeted = GREET(times=2, plain=plain.output)
    show(text=greeted.outputs["text"])
