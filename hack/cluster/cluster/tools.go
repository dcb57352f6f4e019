package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
)

func runStatus(ctx context.Context, _ layout, args []string) error {
	if err := noArguments("status", args); err != nil {
		return err
	}
	rec, err := loadRecord(recordDir)
	if err != nil {
		return err
	}
	if rec == nil {
		return errors.New("no cluster on this machine")
	}
	fmt.Printf("state       %s\n", rec.State)
	for _, p := range rec.Processes {
		state := "runs"
		if !p.alive() {
			state = "has ended"
		}
		fmt.Printf("%-24s process %-7d %s\n", p.Name, p.PID, state)
	}
	if err := answers(ctx, rec); err != nil {
		return fmt.Errorf("the cluster is not well: %w", err)
	}
	fmt.Println("the node is Ready")
	return nil
}

// runEnv prints lines for eval in a shell.
func runEnv(_ context.Context, paths layout, args []string) error {
	if err := noArguments("env", args); err != nil {
		return err
	}
	for _, line := range [][2]string{
		{"KUBECONFIG", paths.kubeconfig()},
		{"FOYER_KUBECTL", paths.kubectl()},
		{"FOYER_GATEWAY", gateway},
		{"FOYER_POD_CIDR", podCIDR},
	} {
		fmt.Printf("export %s='%s'\n", line[0], strings.ReplaceAll(line[1], "'", `'\''`))
	}
	return nil
}

// stringList is a flag that may be given several times.
type stringList []string

func (l *stringList) String() string { return strings.Join(*l, ",") }

func (l *stringList) Set(value string) error {
	*l = append(*l, value)
	return nil
}

func runImage(ctx context.Context, _ layout, args []string) error {
	var binaries stringList
	flags := flag.NewFlagSet("image", flag.ContinueOnError)
	tag := flags.String("tag", "foyer:dev", "name of the image")
	output := flags.String("output", "", "write a docker archive to this file instead of importing")
	authority := flags.String("authority", "", "file with certificates in PEM that programs trust besides the host's")
	flags.Var(&binaries, "binary", "static binary, put at the root under its base name (repeat for more)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	spec := imageSpec{tag: *tag, binaries: append(binaries, flags.Args()...)}
	if _, err := os.Stat(hostCABundle); err == nil {
		spec.authorities = append(spec.authorities, hostCABundle)
	}
	if *authority != "" {
		spec.authorities = append(spec.authorities, *authority)
	}
	if *output != "" {
		return writeArchive(*output, spec)
	}
	rec, err := loadRecord(recordDir)
	if err != nil {
		return err
	}
	if rec == nil {
		return errors.New("no cluster runs here to import into: run up first, or give --output")
	}
	if err := importImage(ctx, rec.State, spec); err != nil {
		return err
	}
	fmt.Printf("imported %s\n", fullImageName(spec.tag))
	return nil
}

func writeArchive(path string, spec imageSpec) error {
	file, err := os.Create(path) //nolint:gosec // where the caller wants it
	if err != nil {
		return err
	}
	return errors.Join(packImage(file, spec), file.Close())
}

// runAssets makes a folder that envtest takes as BinaryAssetsDirectory.
func runAssets(ctx context.Context, paths layout, args []string) error {
	flags := flag.NewFlagSet("assets", flag.ContinueOnError)
	dir := flags.String("dir", "", "folder for the links etcd, kube-apiserver and kubectl")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *dir == "" {
		return errors.New("assets needs --dir")
	}
	if err := buildKube(ctx, paths, log.New(os.Stderr, "", 0)); err != nil {
		return err
	}
	for _, name := range []string{"etcd", "kube-apiserver", "kubectl"} {
		if err := link(paths.kube(), filepath.Join(*dir, name)); err != nil {
			return err
		}
	}
	return nil
}
