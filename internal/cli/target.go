package cli

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/foyerhq/foyer/internal/cli/reach"
)

// targetFlags say whose API is meant, and how it is reached.
type targetFlags struct {
	cluster reach.Cluster
	server  reach.Server
}

func (f *targetFlags) add(command *cobra.Command) {
	addCluster(command, &f.cluster)
	flags := command.Flags()
	flags.StringVar(&f.server.URL, "server", "", "address of the tenant's API, as https://api.acme.example, instead of a cluster")
	flags.StringVar(&f.server.TokenFile, "token-file", "", "file with a token of the API, for --server")
	flags.StringVar(&f.server.CertificateAuthority, "certificate-authority", "", "file with the authority that has signed the certificate of --server")
}

// addCluster adds the flags that say where in which cluster a tenant is, and completes them.
func addCluster(command *cobra.Command, cluster *reach.Cluster) {
	flags := command.Flags()
	flags.StringVarP(&cluster.Namespace, "namespace", "n", "", "namespace of the tenant; as in the kubeconfig if not set")
	flags.StringVar(&cluster.Tenant, "tenant", "", "name of the Tenant; the only one of the namespace if not set")
	flags.StringVar(&cluster.Kubeconfig, "kubeconfig", "", "kubeconfig to use; as kubectl does if not set")
	flags.StringVar(&cluster.Context, "context", "", "context of the kubeconfig")
	flags.StringVar(&cluster.Cluster, "cluster", "", "cluster of the kubeconfig")
	flags.StringVar(&cluster.User, "user", "", "user of the kubeconfig")
	flags.StringVar(&cluster.As, "as", "", "user to impersonate")
	flags.StringArrayVar(&cluster.AsGroups, "as-group", nil, "group to impersonate; can be repeated")
	complete(command, "namespace", completeNamespaces(cluster))
	complete(command, "tenant", completeTenants(cluster))
	complete(command, "context", completeContexts(cluster))
}

// ofCluster are the flags that mean nothing with --server.
var ofCluster = []string{"namespace", "tenant", "kubeconfig", "context", "cluster", "user", "as", "as-group"}

func (f *targetFlags) check(command *cobra.Command) error {
	if f.server.URL == "" {
		for _, name := range []string{"token-file", "certificate-authority"} {
			if command.Flags().Changed(name) {
				return fmt.Errorf("--%s is for --server, as --server https://api.acme.example", name)
			}
		}
		return nil
	}
	if f.server.TokenFile == "" {
		return errors.New("--server needs --token-file, a file with a token of the API")
	}
	for _, name := range ofCluster {
		if command.Flags().Changed(name) {
			return fmt.Errorf("--server and --%s exclude each other: with --server no cluster is asked", name)
		}
	}
	return nil
}

// words are the flags that name the same tenant in another command.
func (f *targetFlags) words() string {
	var words strings.Builder
	for _, flag := range []struct{ name, value string }{
		{"-n", f.cluster.Namespace}, {"--tenant", f.cluster.Tenant}, {"--context", f.cluster.Context}, {"--server", f.server.URL}, {"--token-file", f.server.TokenFile},
	} {
		if flag.value != "" {
			words.WriteString(" " + flag.name + " " + flag.value)
		}
	}
	return words.String()
}

func (f *targetFlags) open(ctx context.Context, forward reach.Forward) (*reach.API, error) {
	if f.server.URL != "" {
		return reach.ServerAPI(f.server)
	}
	return reach.ClusterAPI(ctx, f.cluster, forward)
}

// interruptible returns a context that ends when a person presses Ctrl-C, once: the
// second time ends the program as it would without.
func interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// oneOf refuses a value that a flag does not have.
func oneOf[T ~string](flag string, value T, allowed ...T) error {
	var names []string
	for _, a := range allowed {
		if value == a {
			return nil
		}
		if a != "" {
			names = append(names, string(a))
		}
	}
	last := len(names) - 1
	return fmt.Errorf("%s %s is not known, allowed is %s or %s", flag, value, strings.Join(names[:last], ", "), names[last])
}
