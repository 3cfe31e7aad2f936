"""Write docs/gpu-plan.md from the plan in the code: ``python docs/make_gpu_plan.py``."""

from pathlib import Path

from cfdist.plan.gpu.page import page

PAGE = Path(__file__).with_name("gpu-plan.md")

if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
