// Package compare says what changes for customers between two pairs of documents: those in
// force, and those that the operator would make of objects that are not applied yet. It is
// pure: whoever has the customers hands them over, in any number of parts.
//
//	c := compare.New(before, after, compare.Options{})
//	err := c.CountBucket(bucket)           // each: profiles that are orphaned, where messages come from
//	t, err := c.Account(account)           // each: attributes, profiles, features
//	c.Person(t, person)                    // each contact of it with a sign-in
//	c.Messages(account, was, would)        // what would be sent in the coming days
//	c.Waiting(message, was, would)         // what waits already
//	difference := c.Difference()
//
// Accounts that resolve alike are resolved once. What is counted does not grow with the
// number of customers: every change is told with its count and a few ids. Differences of
// parts of the customers add up ([Difference.Add]).
//
// A value that is the same and comes from another layer is no change, nor is a feature of a
// portal that is closed on both sides: customers see none.
//
// [Objects] compares the documents themselves, object by object.
package compare
