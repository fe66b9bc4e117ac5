"""The keys of norms beside torch's, which calls them momentum, eps, affine and num_groups."""

from parity_case import Case
from torch.optim import SGD


def case(name: str, **keys) -> Case:
    """A network of two hidden layers, under a calm rate. Groups are wide: the variance of few units may be next to 0,
    and rounding grows by what it divides.
    """
    chosen = {f"model.{key}": value for key, value in keys.items()}
    return Case(
        f"keys_of_norms_{name}",
        {"model.hidden": [24, 18], "optimizer.lr": 0.01} | chosen,
        lambda w, o: SGD(w + o, lr=0.01),
    )


CASES = [
    case("groups", norm="group", norm_groups=2),
    case("groups_after", norm="group", norm_groups=2, norm_position="after", norm_affine=False),
    case("momentum", norm="batch", norm_momentum=0.4),
    case("cumulative", norm="batch", norm_momentum=None),
    case("batch_eps", norm="batch", norm_eps=0.2, norm_affine=False),
    case("layer_eps", norm="layer", norm_eps=0.2),
    case("layer_plain", norm="layer", norm_affine=False, norm_input=True),
    case("rms", norm="rms", norm_eps=0.2, norm_affine=False),
    case("batch_input", norm="batch", norm_input=True),
    case("rms_input", norm="rms", norm_input=True),
    case("batch_input_alone", norm="batch", norm_input=True, hidden=[], norm_momentum=None),
]
