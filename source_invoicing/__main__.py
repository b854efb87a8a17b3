"""``python -m source_invoicing``."""

from source_invoicing.run import run

if __name__ == "__main__":
    run()
