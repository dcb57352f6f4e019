// Package csvlines turns CSV into the NDJSON lines of an import.
//
// The first row names the columns: they are the fields of the line types of package
// integration, nested ones with dots, as user.username or attributes.lateFee.amount; a
// list's items are separated by semicolons in the cell; attributes.custom.NAME is one of
// the provider's own. What a column holds comes from the line types by reflection, so a
// field that is added there is a column here.
//
// The form is that of RFC 4180: cells may be in quotes, a quote in them is doubled, and
// cells in quotes may span lines. Cells may be separated by semicolons instead, as
// spreadsheets write where the comma is for decimals. An empty cell is a field that is
// left out. Where a field can be cleared, the cell null clears it. Rows of which every
// cell is empty are skipped.
//
// [New] reads the first row and refuses columns that the kind does not have; [Reader.Next]
// returns one line a row. A row that cannot be read is a refusal with the number of its
// line in the file, and the rows after it go on. Memory is bounded: a row is at most as
// long as a line of an import.
package csvlines
