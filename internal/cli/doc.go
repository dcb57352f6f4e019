// Package cli is `kubectl foyer`: what people who write Foyer's objects and look after
// customers need on their own machines and in pipelines. It reaches no database.
//
//	tree     shows a tenant and all that hangs on it
//	logs     reads the logs of its pods as one
//	lint     checks objects before they are applied
//	events   tells which events there are and what they carry
//	render   fills in the texts of an event template
//	import   brings customers into Foyer, from files of any size
//	explain  tells what applies to an account, and why
//	upcoming tells who would be sent what in the coming days, and how a change changes it
//	plan     tells what changes for customers, before objects are applied
//	status   tells how the delivery of messages is going
//	redrive  tries messages again that could not be delivered
//
// tree and logs look at a cluster, by packages reach and podlog. lint, events and render work
// by files alone, by the code of the API server and of the operator. The others use the
// integration API of a tenant, which package reach finds; what import does with a file is in
// package bulk.
//
// [Main] runs it. It ends with one of three codes, for scripts: 0 all is well, 1 there is
// something to mend in the files, in the payload or in the lines of an import, 2 wrong
// usage, or what cannot be read or reached.
package cli
