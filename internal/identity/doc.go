// Package identity holds the rules of who may sign in and what they may do. It
// knows nothing of HTTP: the sites call it.
//
// # Passwords
//
// A [Hasher] makes and checks argon2id hashes in PHC form, as
// $argon2id$v=19$m=19456,t=2,p=1$salt$hash. A check costs about 30 ms of CPU and
// 19 MiB, so a bounded queue stands in front of it: as many hashes at once as there
// are processors and as fit into memory, a bounded number waiting, each for a bounded time; beyond that the
// answer is [ErrBusy]. [Hasher.VerifyNobody] costs the same as a real check, so that
// an unknown user cannot be told from a wrong password.
//
// What people may choose as password and username says [CheckPassword], with a list of
// common ones, and [CheckUsername].
//
// # Credentials and access
//
// Two state machines, each a table. A sign-in has no username, a username only, or both;
// [PermitCredential] says which mail may be sent: without a password only the one to create
// it, with one only the one to reset it. The access of a contact is NotInvited, Invited,
// Expired, Active or Disabled; [PermitAccess] says what can be done about it.
// [SendCreateMail], [SendResetMail] and [SendInvitation] are the only ways to send a link,
// for the portal and for the API. Whom a mail goes to decides [store.Credentials.Addresses].
//
// # Links
//
// The secret of a link is made of its id by the tenant's keys ([Keys]) when its mail is
// rendered, so it is in no table. It is for one purpose, one address and one tenant.
//
// # Sessions
//
// A session is a random secret of 32 bytes. The cookie holds the secret, the database
// its SHA-256: who reads the table cannot sign in with it.
//
// # Throttling
//
// Failures escalate a delay, they never lock. The strict counter belongs to a login
// *from one network*, so a stranger elsewhere cannot make its owner wait ([Throttle]). A
// browser that a user signed in with keeps a secret like that of a session for half a
// year. It opens nothing; with it, strangers do not delay the user's sign-in at all.
//
// # Rights
//
// [Authorize] is the one question that every page asks.
package identity
