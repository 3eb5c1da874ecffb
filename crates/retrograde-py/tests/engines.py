"""A small engine of scalar values, functions with a context, and functions with their slopes (C21 to C23); own code."""

import math

import numpy as np


class Value:
    def __init__(self, data, _children=(), _op=""):
        self.data, self.grad, self._prev, self._op = data, 0.0, tuple(_children), _op
        self._backward = lambda: None

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data + other.data, (self, other), "+")

        def _backward():
            self.grad += out.grad
            other.grad += out.grad

        out._backward = _backward
        return out

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data * other.data, (self, other), "*")

        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out._backward = _backward
        return out

    def tanh(self):
        t = math.tanh(self.data)
        out = Value(t, (self,), "tanh")

        def _backward():
            self.grad += self.slope(t) * out.grad

        out._backward = _backward
        return out

    @staticmethod
    def slope(t):
        return 1 - t * t

    def backward(self):
        order, seen = [], set()

        def walk(node):
            if node not in seen:
                seen.add(node)
                for one in node._prev:
                    walk(one)
                order.append(node)

        walk(self)
        self.grad = 1.0
        for node in reversed(order):
            node._backward()


class Mul:
    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a * b

    @staticmethod
    def backward(ctx, d):
        a, b = ctx.saved_values
        return b * d, a * d


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def sigmoid_prime(z):
    return sigmoid(z) * (1 - sigmoid(z))


def sigmoid_derivative(a):
    return a * (1 - a)


class Multiply:
    """C23: an operation of a value that has a derivative instead of a gradient."""

    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a * b

    @staticmethod
    def backward(ctx, d):
        a, b = ctx.saved_values
        return d * b, d * a


class MultiplyWrong(Multiply):
    @staticmethod
    def backward(ctx, d):
        a, b = ctx.saved_values
        return d * b, d * b


class History:
    def __init__(self, last_fn=None, ctx=None, inputs=()):
        self.last_fn, self.ctx, self.inputs = last_fn, ctx, inputs


class Saved:
    def save_for_backward(self, *values):
        self.saved_values = values


class Scalar:
    """C23: derivatives add up at the leaves, what made a value is its history."""

    multiply = Multiply

    def __init__(self, v, history=None):
        self.data, self.history, self.derivative = float(v), history or History(), None

    def __mul__(self, b):
        ctx = Saved()
        return type(self)(self.multiply.forward(ctx, self.data, b.data), History(self.multiply, ctx, (self, b)))

    def backward(self, d_output=1.0):
        if self.history.last_fn is None:
            self.derivative = (self.derivative or 0.0) + d_output
            return
        for one, d in zip(self.history.inputs, self.history.last_fn.backward(self.history.ctx, d_output)):
            one.backward(d)


class ScalarWrong(Scalar):
    multiply = MultiplyWrong
