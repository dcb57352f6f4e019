package admin

// Tables are the tables whose rights Prepare watches.
var Tables = tables
