package condition

import (
	"fmt"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"

	"github.com/foyerhq/foyer/internal/catalog"
)

// environment is what conditions on one payload are checked in. It is immutable.
type environment struct {
	cel  *cel.Env
	root *object
}

// maxEnvironments bounds the memory for payloads. Own events of tenants come and go, and
// those of many tenants are alike.
const maxEnvironments = 128

var environments = struct {
	sync.Mutex
	byFields map[string]*environment
}{byFields: map[string]*environment{}}

// environmentOf returns the environment for a payload. It is found by what the fields are
// and not by the name of the event, so that an own event that changed is another one, and
// two that are alike are the same.
func environmentOf(fields []catalog.Field) (*environment, error) {
	var key strings.Builder
	describe(&key, fields)
	environments.Lock()
	known := environments.byFields[key.String()]
	environments.Unlock()
	if known != nil {
		return known, nil
	}
	made, err := newEnvironment(fields) // without the lock: others need not wait for it
	if err != nil {
		return nil, err
	}
	environments.Lock()
	defer environments.Unlock()
	if len(environments.byFields) >= maxEnvironments {
		clear(environments.byFields) // rare, and making one is cheap
	}
	environments.byFields[key.String()] = made
	return made, nil
}

func describe(key *strings.Builder, fields []catalog.Field) {
	for _, f := range fields {
		key.WriteString(f.Name)
		key.WriteByte(' ')
		key.WriteString(string(f.Type))
		if f.Optional {
			key.WriteByte('?')
		}
		for _, v := range f.Values {
			key.WriteByte('=')
			key.WriteString(v)
		}
		if len(f.Fields) > 0 {
			key.WriteByte('(')
			describe(key, f.Fields)
			key.WriteByte(')')
		}
		key.WriteByte(';')
	}
}

// base is what the environments have in common.
var base = sync.OnceValues(func() (*cel.Env, error) {
	options := append([]cel.EnvOption{
		standard(),
		cel.CrossTypeNumericComparisons(true),
		cel.DefaultUTCTimeZone(true),
		cel.EagerlyValidateDeclarations(true),
		cel.ParserExpressionSizeLimit(maxSource),
		cel.ParserRecursionLimit(maxDepth),
		cel.ParserErrorRecoveryLimit(1), // only the first place that cannot be read is told,
		cel.ASTValidators(cel.ValidateTimestampLiterals(), cel.ValidateDurationLiterals(), cel.ValidateHomogeneousAggregateLiterals()),
	}, arithmetic()...)
	return cel.NewCustomEnv(options...)
})

func newEnvironment(fields []catalog.Field) (*environment, error) {
	common, err := base()
	if err != nil {
		return nil, fmt.Errorf("conditions cannot be checked: %w", err)
	}
	e := &environment{root: newObject("", fields)}
	for _, f := range e.root.fields {
		f.spreadOptional()
	}
	objects := objectTypes{Provider: common.CELTypeProvider(), objects: map[string]*object{}}
	objects.add(e.root)
	options := []cel.EnvOption{cel.CustomTypeProvider(objects)}
	for name, f := range e.root.fields {
		options = append(options, cel.Variable(name, f.cel.Type))
	}
	if e.cel, err = common.Extend(options...); err != nil {
		return nil, fmt.Errorf("conditions cannot be checked: %w", err)
	}
	return e, nil
}

// objectTypes tells CEL the types of the payload: each object is a struct of its own, so
// that a field that does not exist is found when the condition is checked, has() works,
// and a list has elements of a known type. Values stay the maps of JSON.
type objectTypes struct {
	types.Provider
	objects map[string]*object
}

func (t objectTypes) add(o *object) {
	t.objects[o.name] = o
	for _, f := range o.fields {
		if f.object != nil {
			t.add(f.object)
		}
	}
}

// FindStructType implements types.Provider.
func (t objectTypes) FindStructType(name string) (*types.Type, bool) {
	if _, ours := t.objects[name]; ours {
		return types.NewTypeTypeWithParam(types.NewObjectType(name)), true
	}
	return t.Provider.FindStructType(name)
}

// FindStructFieldType implements types.Provider.
func (t objectTypes) FindStructFieldType(name, fieldName string) (*types.FieldType, bool) {
	o, ours := t.objects[name]
	if !ours {
		return t.Provider.FindStructFieldType(name, fieldName)
	}
	f, exists := o.fields[fieldName]
	if !exists {
		return nil, false
	}
	return f.cel, true
}
