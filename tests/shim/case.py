# SPDX-License-Identifier: Apache-2.0
"""The list of cases.  A function under @case is one; its name is a sentence, its argument a World.

	@case()
	def start_prints_the_address_alone(world): ...

reference="why" skips it for containerd-shim-runc-v2, which is known to differ; own=True, where our options or our policy
are the subject.
"""
from client import Failure  # noqa: F401, pylint: disable=unused-import

CASES = {}
DIFFERS = {}


class Skip(Exception):
    pass


def case(reference="", own=False):
    def add(function):
        CASES[function.__name__] = function
        DIFFERS[function.__name__] = reference or ("needs options of bulwark" if own else "")
        return function
    return add
