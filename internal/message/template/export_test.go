package template

// For tests of invoice templates.
var (
	InvoiceFields  = invoiceFields
	InvoiceClasses = invoiceClasses
)

const InvoiceSample = invoiceSample
