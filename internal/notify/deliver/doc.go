// Package deliver is what a dispatcher does: it plans the notifications of a tenant and
// hands them over. package plan decides what is sent, store keeps it, package channel sends
// it; here is what happens when, and what follows from what happened.
//
// A [Dispatcher] runs a few loops. Any number of replicas may run them at once.
//
//   - The planner plans the events of the feed, each once, in their order.
//   - The sweep asks each minute, and when a document changed, which dated events are due. One
//     replica makes it at a time, and it keeps the planner from nothing.
//   - Two lanes hand over what waits: lane 0, which is about signing in, has places,
//     connections and a turn of its own and waits for nobody; lane 1 is all the rest.
//   - The finisher writes down what became of it, many at a time.
//   - The rescuer takes back what a process had that has gone.
//   - The follower applies the delivery mode of the settings.
//   - The webhooks of the tenant get the events that they ask for.
//   - The clock of the process is compared with the database's: while it is wrong the process
//     does none of this.
//
// What the database never keeps, or what makes a panic, stops nothing: it is found out which
// event or account it is of, that one is on record as dead, and the others go on.
//
// A lane claims no more than it has places for, by channel, and a place is free again when
// its outcome is on record. So what can be sent twice when a process dies is at most what
// has a place, and memory is bounded. Before a notification is handed over it is asked again
// whether it still should be ([plan.Rules.Guard]), and its text is made of what is true then.
//
// What failed is tried again, given up, or held for staff by the class of its error
// ([channel.Class]). What fails for everybody opens the breaker of its channel: nothing is
// claimed for it then but one now and then, and no notification loses an attempt by it.
//
// When the process is asked to stop it claims nothing more, finishes what is under way for a
// while, and gives the rest back.
package deliver
