"""Excel workbooks."""

from backtest.data.sources.files import FileFormat
from backtest.data.sources.tables.workbook_table import workbook_cells, workbook_columns

RECORDS = (FileFormat((".xlsx", ".xlsm"), workbook_columns, workbook_cells).record("excel"),)
