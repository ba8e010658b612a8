"""For plain `pytest --nbval notebooks/NN_name.ipynb`: what stored outputs were made with (tools/make_notebooks.py)."""

import os

os.environ |= {"TQDM_DISABLE": "1", "CUDA_VISIBLE_DEVICES": "-1", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
