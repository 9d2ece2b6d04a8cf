"""What must run beside the submission's code."""


def gradient(function, point):
    point = point.clone().requires_grad_(True)
    function(point).backward()
    return point.grad
