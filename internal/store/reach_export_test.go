package store

// ReachQueries are what people of the portal read, whose plans are tested.
var ReachQueries = map[string]string{
	"services":       servicesOfSQL,
	"service counts": countServicesSQL,
	"orders":         ordersOfSQL,
	"requests":       requestsOfSQL,
	"request":        requestAtSiteSQL + ` AND t.id = $3`,
	"sites":          sitesOfSQL,
	"offers":         offersSQL,
	"offers by id":   offersByIDSQL,
	"notifications":  notificationsSQL,
	"notification":   notificationSQL,
}

// ProductPageSQL is the statement of a page of products.
func ProductPageSQL(list List) string {
	sql, _ := list.sql(products.sel, products.table, products.id(), nil)
	return sql
}
