// Package wave decides which tenants' pods roll when a new release of Foyer makes them
// differently, by another image above all. It is pure: what the cluster shows goes in, who
// may begin comes out, and the same always leads to the same. So an operator that is
// restarted, or another one that takes over, goes on where the last one was.
//
//	wave.Look     how far one tenant is: what its Tenant, its Deployments and their pods show
//	wave.Decide   who begins, and who has halted the rollout
//
// The rules:
//   - The canaries are first, the Tenants with the label [LabelCanary]. While one of them is
//     not rolled out and available, no other tenant begins.
//   - A bounded number of tenants is under way at the same time, and when one is rolled out
//     and available, the next begins: of those that can, the first by namespace and name.
//   - A tenant that fails halts the rollout: nobody begins until it has recovered, has a newer
//     release, or the platform team says by [AnnotationIgnore] that the rollout goes on.
//   - A new tenant and a paused one do not count. One that was never rolled out and available is
//     new: it gets each release at once.
package wave
