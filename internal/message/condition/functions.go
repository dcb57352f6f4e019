package condition

import (
	"math"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/env"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// usage says of each function how it is written. What is not in it does not exist.
var usage = map[string]string{
	"all":        `overdue.invoices.all(i, i.balance > 10.0)`,
	"contains":   `account.name.contains("Ltd")`,
	"double":     `double(open.count)`,
	"duration":   `duration("36h")`,
	"endsWith":   `account.name.endsWith("Ltd")`,
	"exists":     `overdue.invoices.exists(i, i.balance > 10.0)`,
	"exists_one": `overdue.invoices.exists_one(i, i.balance > 10.0)`,
	"has":        `has(invoice.payURL)`,
	"matches":    `account.name.matches("^A.*")`,
	"size":       `size(account.name)`,
	"startsWith": `account.name.startsWith("A")`,
	"timestamp":  `timestamp("2026-11-21T00:00:00Z")`,
}

// symbols are the operators as people write them.
var symbols = map[string]string{
	operators.LogicalAnd: "&&", operators.LogicalOr: "||", operators.LogicalNot: "!", operators.Conditional: "? :",
	operators.Equals: "==", operators.NotEquals: "!=", operators.In: "in",
	operators.Less: "<", operators.LessEquals: "<=", operators.Greater: ">", operators.GreaterEquals: ">=",
	operators.Add: "+", operators.Subtract: "-", operators.Multiply: "*", operators.Divide: "/", operators.Modulo: "%", operators.Negate: "-",
}

// standard is what conditions have of CEL's own library: what gives an answer for all
// values of its types. Conversions that fail for some texts are not among it, nor is what
// makes new texts and lists.
func standard() cel.EnvOption {
	subset := &env.LibrarySubset{
		IncludeMacros: []string{operators.Has, operators.All, operators.Exists, operators.ExistsOne},
		IncludeFunctions: []*env.Function{
			include(operators.Conditional), include(operators.LogicalAnd), include(operators.LogicalOr), include(operators.LogicalNot),
			include(operators.NotStrictlyFalse), include(operators.Equals), include(operators.NotEquals),
			include(operators.Less, overloads.LessInt64, overloads.LessInt64Double, overloads.LessDouble, overloads.LessDoubleInt64,
				overloads.LessString, overloads.LessTimestamp, overloads.LessDuration),
			include(operators.LessEquals, overloads.LessEqualsInt64, overloads.LessEqualsInt64Double, overloads.LessEqualsDouble, overloads.LessEqualsDoubleInt64,
				overloads.LessEqualsString, overloads.LessEqualsTimestamp, overloads.LessEqualsDuration),
			include(operators.Greater, overloads.GreaterInt64, overloads.GreaterInt64Double, overloads.GreaterDouble, overloads.GreaterDoubleInt64,
				overloads.GreaterString, overloads.GreaterTimestamp, overloads.GreaterDuration),
			include(operators.GreaterEquals, overloads.GreaterEqualsInt64, overloads.GreaterEqualsInt64Double, overloads.GreaterEqualsDouble, overloads.GreaterEqualsDoubleInt64,
				overloads.GreaterEqualsString, overloads.GreaterEqualsTimestamp, overloads.GreaterEqualsDuration),
			include(operators.In, overloads.InList),
			include(overloads.Size, overloads.SizeString, overloads.SizeStringInst, overloads.SizeList, overloads.SizeListInst),
			include(overloads.Contains), include(overloads.StartsWith), include(overloads.EndsWith), include(overloads.Matches),
			include(overloads.TypeConvertDouble, overloads.DoubleToDouble, overloads.IntToDouble),
			include(overloads.TypeConvertTimestamp, overloads.StringToTimestamp),
			include(overloads.TypeConvertDuration, overloads.StringToDuration),
		},
	}
	return cel.StdLib(cel.StdLibSubset(subset))
}

func include(function string, ids ...string) *env.Function {
	f := &env.Function{Name: function}
	for _, id := range ids {
		f.Overloads = append(f.Overloads, &env.Overload{ID: id})
	}
	return f
}

// arithmetic replaces that of CEL, which fails where a result is too large. Here the
// result is the largest or smallest value instead, because a condition has to answer. A
// division of whole numbers has a divisor that is written out and is not 0, see names.go.
func arithmetic() []cel.EnvOption {
	binary := func(id string, a, b, result *cel.Type, f func(a, b ref.Val) ref.Val) cel.FunctionOpt {
		return cel.Overload(id, []*cel.Type{a, b}, result, cel.BinaryBinding(f))
	}
	whole := func(id string, f func(a, b int64) int64) cel.FunctionOpt {
		return binary(id, cel.IntType, cel.IntType, cel.IntType, func(a, b ref.Val) ref.Val {
			return types.Int(f(int64(a.(types.Int)), int64(b.(types.Int))))
		})
	}
	decimal := func(id string, f func(a, b float64) float64) cel.FunctionOpt {
		return binary(id, cel.DoubleType, cel.DoubleType, cel.DoubleType, func(a, b ref.Val) ref.Val {
			return types.Double(f(float64(a.(types.Double)), float64(b.(types.Double))))
		})
	}
	later := func(at, by ref.Val, sign int64) ref.Val { // also before the year 1 and after 9999: it is only compared
		span := multiply(int64(by.(types.Duration).Duration), sign)
		return types.Timestamp{Time: at.(types.Timestamp).Time.Add(time.Duration(span))}
	}
	return []cel.EnvOption{
		cel.Function(operators.Add, whole(overloads.AddInt64, add), decimal(overloads.AddDouble, func(a, b float64) float64 { return a + b }),
			binary(overloads.AddTimestampDuration, cel.TimestampType, cel.DurationType, cel.TimestampType, func(a, b ref.Val) ref.Val { return later(a, b, 1) }),
			binary(overloads.AddDurationTimestamp, cel.DurationType, cel.TimestampType, cel.TimestampType, func(a, b ref.Val) ref.Val { return later(b, a, 1) })),
		cel.Function(operators.Subtract, whole(overloads.SubtractInt64, subtract), decimal(overloads.SubtractDouble, func(a, b float64) float64 { return a - b }),
			binary(overloads.SubtractTimestampDuration, cel.TimestampType, cel.DurationType, cel.TimestampType, func(a, b ref.Val) ref.Val { return later(a, b, -1) }),
			binary(overloads.SubtractTimestampTimestamp, cel.TimestampType, cel.TimestampType, cel.DurationType, func(a, b ref.Val) ref.Val {
				return types.Duration{Duration: a.(types.Timestamp).Sub(b.(types.Timestamp).Time)} // Sub has bounds of its own
			})),
		cel.Function(operators.Multiply, whole(overloads.MultiplyInt64, multiply), decimal(overloads.MultiplyDouble, func(a, b float64) float64 { return a * b })),
		cel.Function(operators.Divide, whole(overloads.DivideInt64, divide), decimal(overloads.DivideDouble, func(a, b float64) float64 { return a / b })),
		cel.Function(operators.Modulo, whole(overloads.ModuloInt64, modulo)),
		cel.Function(operators.Negate,
			cel.Overload(overloads.NegateInt64, []*cel.Type{cel.IntType}, cel.IntType, cel.UnaryBinding(func(a ref.Val) ref.Val {
				return types.Int(subtract(0, int64(a.(types.Int))))
			})),
			cel.Overload(overloads.NegateDouble, []*cel.Type{cel.DoubleType}, cel.DoubleType, cel.UnaryBinding(func(a ref.Val) ref.Val {
				return -a.(types.Double)
			}))),
	}
}

func add(a, b int64) int64 {
	switch {
	case b > 0 && a > math.MaxInt64-b:
		return math.MaxInt64
	case b < 0 && a < math.MinInt64-b:
		return math.MinInt64
	}
	return a + b
}

func subtract(a, b int64) int64 {
	switch {
	case b < 0 && a > math.MaxInt64+b:
		return math.MaxInt64
	case b > 0 && a < math.MinInt64+b:
		return math.MinInt64
	}
	return a - b
}

func multiply(a, b int64) int64 {
	if a == 0 || b == 0 {
		return 0
	}
	product := a * b
	if product/b == a && !(a == -1 && b == math.MinInt64) && !(b == -1 && a == math.MinInt64) {
		return product
	}
	if (a < 0) == (b < 0) {
		return math.MaxInt64
	}
	return math.MinInt64
}

func divide(a, b int64) int64 {
	switch b {
	case 0: // cannot be written, and must not end the process
		return 0
	case -1:
		return subtract(0, a)
	}
	return a / b
}

func modulo(a, b int64) int64 {
	if b == 0 || b == -1 {
		return 0
	}
	return a % b
}
