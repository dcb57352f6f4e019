package store

// AccountPageSQL is the statement of a page of accounts.
func AccountPageSQL(filter AccountFilter, list List) string {
	sql, _ := list.sql(accounts.sel, accounts.table, accounts.id(), filter.conditions())
	return sql
}

// The statements that read one account, and the counts of attributes.
var (
	OneAccountSQL   = `SELECT ` + accounts.sel + ` FROM account t WHERE t.id = $1`
	AttributeUseSQL = attributeUseSQL
	MembersSQL      = membersSQL
)
