"""The sentences of the command line, by their ids, in English and in Korean."""

EXAMPLES = (
    """\
what a thing or an array is:
  layers:Affine(W, b)        an object, a class, a function or an expression of the module layers;
                             also with its path: ch05/layers.py:Affine(W, b)
  x.npy                      an array in a file
  3.5    [1,2,3]             a number, a list of numbers

examples:
{examples}

exit code: 0 the gradient is right, 1 it is not, 2 there was no check
""",
    """\
대상과 배열을 쓰는 방법:
  layers:Affine(W, b)        layers 모듈의 객체, 클래스, 함수 또는 식.
                             경로로도 쓸 수 있습니다: ch05/layers.py:Affine(W, b)
  x.npy                      파일에 저장한 배열
  3.5    [1,2,3]             수, 수의 리스트

예:
{examples}

종료 코드: 0 기울기가 맞음, 1 맞지 않음, 2 확인하지 못함
""",
)

COMMAND = {
    "command-examples": EXAMPLES,
    "command-description": (
        "Checks gradients that were written by hand, and names what is wrong.",
        "직접 작성한 기울기를 확인하고 무엇이 틀렸는지 알려 줍니다.",
    ),
    "command-check": ("check a layer, a loss, a network or functions", "계층, 손실, 신경망, 함수를 확인합니다"),
    "command-check-description": (
        "Checks a layer, a loss, a network or functions, on an example of what they take.",
        "계층, 손실, 신경망, 함수를 그 인수의 예로 확인합니다.",
    ),
    "command-tasks": ("tasks", "작업"),
    "command-positionals": ("positional arguments", "위치 인수"),
    "command-options": ("options", "옵션"),
    "command-usage": ("usage: ", "사용법: "),
    "command-help": ("show this help and exit", "이 도움말을 표시하고 끝냅니다"),
    "command-things": ("module:object, then the example: arrays and numbers", "모듈:객체, 그 뒤에 예로 쓸 배열과 수"),
    "command-language": ("the language of the report and of this help", "보고서와 이 도움말의 언어"),
    "command-loss": ("the loss of (thing, *example), where the code has none", "코드에 손실이 없을 때 쓸 손실: (대상, *예)의 함수"),
    "command-lr": (
        "the learning rate, where backward updates the parameters itself",
        "backward가 매개변수를 직접 갱신할 때의 학습률",
    ),
    "command-params": ("which array is the gradient of which: W=dW", "어느 배열이 어느 배열의 기울기인지: W=dW"),
    "command-labels": ("what is never moved: a .npy file, or module:array", "값을 움직이지 않을 레이블: .npy 파일 또는 모듈:배열"),
    "command-wrt": ("by which arguments the gradient is: w,b", "어느 인수에 대한 기울기인지: w,b"),
    "command-name": ("what the report calls it", "보고서에 쓸 이름"),
    "command-budget": ("about how long the check of slow code may take", "느린 코드를 확인하는 데 쓸 대략의 시간(초)"),
    "command-save": ("write the report: .html, .md, .json, .txt", "보고서를 파일로 저장: .html, .md, .json, .txt"),
    "command-json": ("print JSON", "JSON으로 출력"),
    # Errors of arguments.
    "error": ("error", "오류"),
    "command-see-help": ("{command} --help shows examples", "{command} --help에 예가 있습니다"),
    "command-keywords": (
        "keywords are options here, such as --lr for lr=; see {command} check --help",
        "여기서는 lr=를 --lr처럼 옵션으로 씁니다. {command} check --help를 보세요",
    ),
    "command-internal": (
        "this is a fault of retrograde: report it with the code that was checked",
        "retrograde의 오류입니다. 확인한 코드와 함께 알려 주세요",
    ),
    "command-raised": ("the code that is checked raised {error}", "확인하는 코드에서 예외가 났습니다: {error}"),
    "command-run-once": (
        "run it once without the check, with the same arguments",
        "확인하지 않고 같은 인수로 한 번 실행해 보세요",
    ),
    "command-no-gradient": ("--params {pair}: no gradient is named", "--params {pair}: 기울기의 이름이 없습니다"),
    "command-module-has": ("{module} has {names}", "{module}에 있는 이름: {names}"),
    "command-np-save": ("write it with np.save, as an array of numbers", "np.save로 수의 배열을 저장하세요"),
    "command-unknown": (
        "{text}: neither an object, nor a file, nor a number",
        "{text}: 객체도 파일도 수도 아닙니다",
    ),
    "command-kinds": ("module:object, x.npy, or 3.5", "모듈:객체, x.npy 또는 3.5처럼 쓰세요"),
    "command-no-file": ("{text}: there is no file {file}", "{text}: {file} 파일이 없습니다"),
    "command-from": ("write the path from {folder}", "{folder}에서 시작하는 경로를 쓰세요"),
    "command-no-module": ("{text}: there is no module {module} here", "{text}: {module} 모듈이 없습니다"),
    "command-folder": (
        "run it in the folder of the file, or write file.py:object",
        "그 파일이 있는 폴더에서 실행하거나 file.py:객체처럼 쓰세요",
    ),
    # Messages of argparse, by their beginning.
    "argparse-required": ("the following arguments are required: {rest}", "다음 인수가 필요합니다: {rest}"),
    "argparse-unrecognized": ("unrecognized arguments: {rest}", "모르는 인수입니다: {rest}"),
    "argparse-one": ("argument {name}: expected one argument", "{name}: 값이 하나 필요합니다"),
    "argparse-some": ("argument {name}: expected at least one argument", "{name}: 값이 하나 이상 필요합니다"),
    "argparse-choice": (
        "argument {name}: invalid choice: {value} (choose from {choices})",
        "{name}: {value}(은/는) 쓸 수 없습니다(가능한 값: {choices})",
    ),
    "argparse-float": ("argument {name}: invalid float value: {value}", "{name}: {value}(은/는) 수가 아닙니다"),
}
