"""Text files, such as CSV, packed or not."""

from backtest.data.sources.files import FileFormat
from backtest.data.sources.tables.text_table import text_cells, text_columns

RECORDS = (FileFormat((".csv", ".csv.gz", ".txt", ".tsv", ".zip"), text_columns, text_cells).record("csv"),)
