package main

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"syscall"

	"github.com/google/nftables"
	"github.com/mdlayher/netlink"
)

var tableFamilies = map[string]nftables.TableFamily{
	"iptables":  nftables.TableFamilyIPv4,
	"ip6tables": nftables.TableFamilyIPv6,
}

// deleteTables deletes tables as nftables knows them: the iptables of Debian 12
// cannot, and nft need not be installed.
func deleteTables(family string, names []string) error {
	if len(names) == 0 {
		return nil
	}
	connection, err := nftables.New()
	if err != nil {
		return err
	}
	for _, name := range names {
		connection.DelTable(&nftables.Table{Name: name, Family: tableFamilies[family]})
	}
	return connection.Flush()
}

// hasPolicyTable says whether there are rules of NetworkPolicies. A kernel that knows no
// nftables has none.
func hasPolicyTable() (bool, error) {
	connection, err := nftables.New()
	if err != nil {
		return false, err
	}
	tables, err := connection.ListTablesOfFamily(nftables.TableFamilyIPv4)
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.EPROTONOSUPPORT) {
		return false, nil
	}
	return slices.ContainsFunc(tables, func(t *nftables.Table) bool { return t.Name == policyTable }), err
}

func removePolicyTable() error {
	there, err := hasPolicyTable()
	if err != nil || !there {
		return err
	}
	return deleteTables("iptables", []string{policyTable})
}

// counters are the packet counters that kube-proxy makes beside its rules.
var counters = []string{"ct_state_invalid_dropped_pkts", "localhost_nps_accepted_pkts"}

// Numbers of the kernel's nfnetlink_acct interface.
const (
	netfilterProtocol  = 12       // NETLINK_NETFILTER
	accountingDelete   = 7<<8 | 3 // NFNL_SUBSYS_ACCT, NFNL_MSG_ACCT_DEL
	accountingNameAttr = 1        // NFACCT_NAME
)

// deleteCounters deletes the counters. That there is none, or that the kernel
// knows no such counters at all (an invalid argument), is fine.
func deleteCounters() error {
	connection, err := netlink.Dial(netfilterProtocol, nil)
	if err != nil {
		return err
	}
	defer connection.Close() //nolint:errcheck // nothing is buffered
	for _, name := range counters {
		attributes := netlink.NewAttributeEncoder()
		attributes.String(accountingNameAttr, name)
		encoded, err := attributes.Encode()
		if err != nil {
			return err
		}
		message := netlink.Message{
			Header: netlink.Header{Type: accountingDelete, Flags: netlink.Request | netlink.Acknowledge},
			Data:   append([]byte{0, 0, 0, 0}, encoded...), // family and version: none, resource: none
		}
		_, err = connection.Execute(message)
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.EINVAL) {
			return fmt.Errorf("delete packet counter %s: %w", name, err)
		}
	}
	return nil
}
