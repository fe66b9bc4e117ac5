"""Newton's method, conjugate gradients, BFGS and L-BFGS: from their textbook formulas, with matrices written out, and
L-BFGS as torch.optim has it. Line searches are torch's own.

All on full batches, since a solver compares one step with the next; and for few steps in float64, since a line search
that decides otherwise by a rounding error goes elsewhere: later, or in float32, any two programs part.
"""

import torch
from cases_regularizers import l2
from parity_case import Case
from torch.optim.lbfgs import _strong_wolfe

FULL = {"trainer.batch_size": 90}
FEW = {"steps": 20, "decides": True}  # fields of cases
RIDGE = {"regularizer.l2": 0.05} | FULL


class Flat(torch.optim.Optimizer):
    """A step as flat vectors; `solve` is given the objective, and a function of it at the weights as they are.

    Decay is a/2 ||p||^2 of a group's parameters in the objective.
    """

    def __init__(self, groups, lr=1.0, **numbers):
        super().__init__(groups, {"lr": lr, "weight_decay": 0.0})
        self.numbers, self.steps = numbers, 0

    @property
    def parameters(self):
        return [p for group in self.param_groups for p in group["params"]]

    def decay(self):
        return sum(
            group["weight_decay"] / 2 * sum((p**2).sum() for p in group["params"]) for group in self.param_groups
        )

    def flat(self, tensors):
        return torch.cat([t.detach().reshape(-1) for t in tensors])

    def put(self, w):
        sizes = [p.numel() for p in self.parameters]
        with torch.no_grad():
            for p, part in zip(self.parameters, w.split(sizes), strict=True):
                p.copy_(part.view_as(p))

    def solve(self, objective, again):
        lr, w = self.param_groups[0]["lr"], self.flat(self.parameters)
        g = self.flat([p.grad for p in self.parameters])
        value = self.decay()
        if isinstance(value, torch.Tensor) and value.requires_grad:
            g = g + self.flat(torch.autograd.grad(value, self.parameters, materialize_grads=True))

        def total():
            return again() + self.decay()

        self.steps += 1
        self.put(self.moved(w, g, objective + float(torch.as_tensor(value).detach()), total, lr))

    def gain(self, w):
        return self.param_groups[0]["lr"]


class Newton(Flat):
    """(|H| + a I)^-1 g by the eigenvectors of H."""

    def moved(self, w, g, objective, total, lr):
        first = torch.autograd.grad(total(), self.parameters, create_graph=True)
        first = torch.cat([each.reshape(-1) for each in first])
        rows = [self.flat(torch.autograd.grad(each, self.parameters, retain_graph=True)) for each in first]
        hessian = torch.stack(rows)
        values, vectors = torch.linalg.eigh(hessian)
        size = (values.abs() + self.numbers.get("damping", 0.1)).diag()
        return w - lr * vectors @ torch.linalg.inv(size) @ vectors.T @ g


class Searching(Flat):
    """Along a direction, by torch's line search."""

    curvature = 0.9

    def moved(self, w, g, objective, total, lr):
        if self.steps == 1:
            d, trial = -g, min(1.0, 1 / float(g.abs().sum())) * lr
        else:
            d = self.direction(w, g)
            trial = self.trial(g @ d, lr)

        def at(x, t, d):
            self.put(x + t * d)
            value = total()
            return float(value), self.flat(torch.autograd.grad(value, self.parameters))

        c2 = self.numbers.get("curvature", self.curvature)
        most = self.numbers.get("max_evaluations", 25)
        *_, t, _ = _strong_wolfe(at, w, trial, d, objective, g, g @ d, c2=c2, max_ls=most)
        self.w, self.g, self.d, self.promise = w, g, d, t * (g @ d)
        return w + t * d

    def trial(self, slope, lr):
        return lr


class ConjugateGradient(Searching):
    """Nocedal & Wright 2006, section 5.2."""

    curvature = 0.1

    def direction(self, w, g):
        fletcher = self.numbers.get("formula") == "fletcher_reeves"
        beta = g @ g if fletcher else max(g @ (g - self.g), torch.zeros((), dtype=g.dtype))
        return -g + beta / (self.g @ self.g) * self.d

    def trial(self, slope, lr):
        return float(self.promise / slope)


class BFGS(Searching):
    """The inverse Hessian as a matrix, from the last `history` pairs."""

    def direction(self, w, g):
        self.pairs = [*getattr(self, "pairs", []), (w - self.w, g - self.g)][-self.numbers.get("history", 10**6) :]
        one = torch.eye(len(g), dtype=g.dtype)
        s, y = self.pairs[0] if "history" not in self.numbers else self.pairs[-1]
        b = s @ y / (y @ y) * one
        for s, y in self.pairs:
            left = one - torch.outer(s, y) / (s @ y)
            b = left @ b @ left.T + torch.outer(s, s) / (s @ y)
        return -b @ g


class LBFGS(BFGS):
    """With limited memory."""

    def __init__(self, groups, lr=1.0, **numbers):
        super().__init__(groups, lr, **{"history": 10} | numbers)


class TorchLBFGS(torch.optim.LBFGS):
    """One iteration a step."""

    def solve(self, objective, again):
        def closure():
            self.zero_grad()
            value = again()
            value.backward()
            return value

        self.step(closure)


def torch_lbfgs(w, o):
    return TorchLBFGS(
        w + o, lr=1.0, max_iter=1, max_eval=26, history_size=10, tolerance_grad=0, line_search_fn="strong_wolfe"
    )


def keys(name: str, **values) -> dict:
    """{"optimizer": name, "optimizer.<key>": value, ...} on a full batch with some L2"""
    return {"optimizer": name} | {f"optimizer.{key}": value for key, value in values.items()} | RIDGE


def case(label: str, name: str, reference, **numbers) -> Case:
    ours = {key: value for key, value in numbers.items() if key != "lr"}
    return Case(
        label,
        keys(name, **numbers),
        lambda w, o: reference(w + o, lr=numbers.get("lr", 1.0), **ours),
        penalty=l2(0.05),
        **FEW,
    )


RULES = {
    "newton": (Newton, 0.7, {"needed": FULL} | FEW),
    "cg": (ConjugateGradient, 0.5, {"needed": FULL} | FEW | {"steps": 8}),
    "bfgs": (BFGS, 0.5, {"needed": FULL} | FEW),
    "lbfgs": (LBFGS, 0.5, {"needed": FULL} | FEW),
}
UNUSED = {"tolerance": 1e-3, "max_parameters": 500}  # they end or refuse a run, which a row in training does not see

CASES = [
    case("newton", "newton", Newton, lr=1.0),
    case("newton_damping", "newton", Newton, lr=0.8, damping=0.5, **UNUSED),
    case("cg", "cg", ConjugateGradient, lr=1.0),
    case(
        "cg_fletcher_reeves",
        "cg",
        ConjugateGradient,
        lr=0.5,
        formula="fletcher_reeves",
        curvature=0.2,
        max_evaluations=15,
        tolerance=1e-3,
    ),
    case("bfgs", "bfgs", BFGS, lr=1.0),
    case("bfgs_numbers", "bfgs", BFGS, lr=0.5, curvature=0.5, max_evaluations=10, **UNUSED),
    case("lbfgs_numbers", "lbfgs", LBFGS, lr=0.5, history=4, curvature=0.6, max_evaluations=12, tolerance=1e-3),
    Case("lbfgs_of_torch", keys("lbfgs", lr=1.0), torch_lbfgs, penalty=l2(0.05), **FEW),
]
