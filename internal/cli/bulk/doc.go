// Package bulk is the work of `kubectl foyer import`: it reads a file of any size in
// constant memory and sends it, a bounded number of lines in each request.
//
// A line of a request has the number that it has in the file, counted from where the
// request begins: what is not sent, as the further lines of a row of CSV or a row that
// cannot be read, is an empty line, which the server skips. So the server's line numbers
// are those of the file, and [State] needs one number to go on from.
//
// While the server is away a [Job] sends again, from where the server got to if that is
// known, else from where the request began: a line that is sent twice changes nothing
// the second time.
package bulk
