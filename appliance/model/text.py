"""Text that people type: within bounds, without control characters, no blanks around it."""

from typing import Annotated

import msgspec

_PLAIN = r"\A[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f])?\Z"

Name = Annotated[str, msgspec.Meta(max_length=60, pattern=_PLAIN)]
Email = Annotated[str, msgspec.Meta(max_length=254, pattern=r"\A[!-?A-~]+@[!-?A-~]+\Z")]
Password = Annotated[str, msgspec.Meta(max_length=1024)]
"""Length and strength are judged with words by appliance.identity.passwords."""
Code = Annotated[str, msgspec.Meta(max_length=60)]
Label = Annotated[str, msgspec.Meta(max_length=60, pattern=r"\A[^\x00-\x1f\x7f-\x9f]*\Z")]
"""A name that may be left empty."""
Sentence = Annotated[str, msgspec.Meta(max_length=200, pattern=_PLAIN)]
Instruction = Annotated[
    str, msgspec.Meta(max_length=2000, pattern=r"\A[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*\Z")
]
"""Several lines, or nothing."""
