package store

// DebtQueries are the queries of what accounts have to pay, whose plans are tested.
var DebtQueries = map[string]string{
	"debts":                  debtSQL,
	"overdue":                overdueSQL,
	"payments of an invoice": paymentOfSQL,
}

// PagesOf are the lists whose plans are tested: the SELECT list and the table of each.
var PagesOf = map[string][2]string{
	"invoices": {invoices.sel, invoices.table},
	"payments": {payments.sel, payments.table},
	"services": {services.sel, services.table},
	"orders":   {orders.sel, orders.table},
	"requests": {requests.sel, requests.table},
}

// PortalPages are the queries of what people see of their invoices and payments.
var PortalPages = map[string]string{
	"an invoice":     shownInvoiceSQL,
	"a document":     documentOfSQL,
	"payments":       paymentsOfSQL,
	"oldest invoice": oldestInvoiceSQL,
}

// FilterSQL is the statement of a page of invoices.
func FilterSQL(f InvoiceFilter) string {
	sql, _ := f.sql("")
	return sql
}

// PageSQL is the statement of a page.
func PageSQL(of [2]string, list List) string {
	sql, _ := list.sql(of[0], of[1], "id", nil)
	return sql
}
