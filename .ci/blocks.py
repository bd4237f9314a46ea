"""Write the Python blocks of README and docs to files of a folder, for a type checker."""

import re
import sys
from pathlib import Path

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)

root, folder = Path(__file__).parents[1], Path(sys.argv[1])
folder.mkdir()
for page in [root / "README.md", *sorted((root / "docs").glob("*.md"))]:
    for number, block in enumerate(BLOCK.findall(page.read_text())):
        (folder / f"{page.stem.lower()}_{number}.py").write_text(block)
