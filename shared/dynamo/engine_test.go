package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp/cmpopts"

	"hookwarden/shared/dynamo"
)

// An engine is DynamoDB in memory, as far as the disable, sweep and register
// functions use it. It evaluates the expressions that it is given, and refuses
// what DynamoDB refuses.
type engine struct {
	mu     sync.Mutex
	tables map[string]map[string]attributes // by table and key

	// fault is called before each call. It returns the errors with which the call
	// fails, before it takes effect and afterwards. It may be nil.
	fault func(call, key string) (before, after error)
	// changed is called with each item that is put (now is its new image) or
	// deleted (now is nil). It may be nil.
	changed func(table string, was, now attributes)
	writes  [][]types.TransactWriteItem // transactions, whether they succeed or not
}

type attributes = map[string]types.AttributeValue

var keyNames = map[string][]string{"apps": {"id"}, "secrets": {"app_id"}, "organizations": {"id"}, "buffer": {"pk", "day"}, "audit": {"pk", "sk"}}

func newEngine() *engine {
	e := &engine{tables: make(map[string]map[string]attributes)}
	for table := range keyNames {
		e.tables[table] = make(map[string]attributes)
	}
	return e
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func textOf(v types.AttributeValue) string {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberN:
		return v.Value
	}
	return ""
}

func keyText(table string, item attributes) string {
	if table == "secrets" || table == "slow_apps" {
		return textOf(item["app_id"]) // for registryTables and outcomes
	}
	var parts []string
	for _, name := range keyNames[table] {
		parts = append(parts, textOf(item[name]))
	}
	return strings.Join(parts, " ")
}

// call makes one call, with its faults.
func (e *engine) call(name, key string, do func() error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	var before, after error
	if e.fault != nil {
		before, after = e.fault(name, key)
	}
	if before != nil {
		return before
	}
	return errors.Join(do(), after)
}

func (e *engine) set(table, key string, now attributes) {
	was := e.tables[table][key]
	if now == nil {
		delete(e.tables[table], key)
	} else {
		e.tables[table][key] = now
	}
	if e.changed != nil && (was != nil || now != nil) {
		e.changed(table, was, now)
	}
}

func (e *engine) GetItem(_ context.Context, in *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	out := &dynamodb.GetItemOutput{}
	key := keyText(*in.TableName, in.Key)
	return out, e.call("GetItem "+*in.TableName, key, func() error {
		if !aws.ToBool(in.ConsistentRead) {
			return errors.New("the read is not consistent")
		}
		out.Item = maps.Clone(e.tables[*in.TableName][key])
		return nil
	})
}

func (e *engine) BatchGetItem(_ context.Context, in *dynamodb.BatchGetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	out := &dynamodb.BatchGetItemOutput{Responses: make(map[string][]map[string]types.AttributeValue)}
	return out, e.call("BatchGetItem", "", func() error {
		for table, request := range in.RequestItems {
			if !aws.ToBool(request.ConsistentRead) {
				return errors.New("the read is not consistent")
			}
			for _, key := range request.Keys {
				if i, ok := e.tables[table][keyText(table, key)]; ok {
					out.Responses[table] = append(out.Responses[table], maps.Clone(i))
				}
			}
		}
		return nil
	})
}

func (e *engine) Query(_ context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	out := &dynamodb.QueryOutput{}
	return out, e.call("Query "+*in.TableName, textOf(in.ExpressionAttributeValues[":pk"]), func() error {
		if in.IndexName == nil && !aws.ToBool(in.ConsistentRead) {
			return errors.New("the read is not consistent")
		}
		x := expression{names: in.ExpressionAttributeNames, values: in.ExpressionAttributeValues}
		x.holds(*in.KeyConditionExpression, nil) // so that every value counts as used
		items := e.tables[*in.TableName]
		for _, key := range slices.Sorted(maps.Keys(items)) {
			full := in.Limit != nil && len(out.Items) == int(*in.Limit)
			if !full && x.holds(*in.KeyConditionExpression, items[key]) {
				out.Items = append(out.Items, maps.Clone(items[key]))
			}
		}
		return x.unused()
	})
}

func (e *engine) PutItem(_ context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	put := &types.Put{TableName: in.TableName, Item: in.Item, ConditionExpression: in.ConditionExpression,
		ExpressionAttributeNames: in.ExpressionAttributeNames, ExpressionAttributeValues: in.ExpressionAttributeValues}
	return &dynamodb.PutItemOutput{}, e.single("PutItem", types.TransactWriteItem{Put: put})
}

func (e *engine) UpdateItem(_ context.Context, in *dynamodb.UpdateItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	update := &types.Update{TableName: in.TableName, Key: in.Key, UpdateExpression: in.UpdateExpression, ConditionExpression: in.ConditionExpression,
		ExpressionAttributeNames: in.ExpressionAttributeNames, ExpressionAttributeValues: in.ExpressionAttributeValues}
	return &dynamodb.UpdateItemOutput{}, e.single("UpdateItem", types.TransactWriteItem{Update: update})
}

func (e *engine) single(call string, w types.TransactWriteItem) error {
	p := newPrepared(w)
	return e.call(call+" "+p.table, p.key, func() error {
		switch ok, err := p.check(e); {
		case err != nil:
			return err
		case !ok:
			return &types.ConditionalCheckFailedException{}
		}
		p.apply(e)
		return nil
	})
}

func (e *engine) TransactWriteItems(_ context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	e.writes = append(e.writes, in.TransactItems)
	var items []*prepared
	for _, w := range in.TransactItems {
		items = append(items, newPrepared(w))
	}
	return &dynamodb.TransactWriteItemsOutput{}, e.call("TransactWriteItems", items[0].key, func() error {
		refused := false
		reasons := make([]types.CancellationReason, len(items))
		seen := make(map[string]bool)
		for i, p := range items {
			if seen[p.table+" "+p.key] {
				return errors.New("two writes to one item")
			}
			seen[p.table+" "+p.key] = true
			ok, err := p.check(e)
			if err != nil {
				return err
			}
			reasons[i].Code = aws.String("None")
			if !ok {
				reasons[i].Code = aws.String("ConditionalCheckFailed")
				refused = true
			}
		}
		if refused {
			return &types.TransactionCanceledException{CancellationReasons: reasons}
		}
		for _, p := range items {
			p.apply(e)
		}
		return nil
	})
}

// prepared is one write of any kind.
type prepared struct {
	table, key string
	keys, item attributes // item is what is put
	condition  *string
	update     *string
	remove     bool
	x          expression
}

func newPrepared(w types.TransactWriteItem) *prepared {
	var p prepared
	switch {
	case w.Put != nil:
		p = prepared{table: *w.Put.TableName, keys: w.Put.Item, item: w.Put.Item, condition: w.Put.ConditionExpression,
			x: expression{names: w.Put.ExpressionAttributeNames, values: w.Put.ExpressionAttributeValues}}
	case w.Update != nil:
		p = prepared{table: *w.Update.TableName, keys: w.Update.Key, update: w.Update.UpdateExpression, condition: w.Update.ConditionExpression,
			x: expression{names: w.Update.ExpressionAttributeNames, values: w.Update.ExpressionAttributeValues}}
	case w.Delete != nil:
		p = prepared{table: *w.Delete.TableName, keys: w.Delete.Key, remove: true, condition: w.Delete.ConditionExpression,
			x: expression{names: w.Delete.ExpressionAttributeNames, values: w.Delete.ExpressionAttributeValues}}
	case w.ConditionCheck != nil:
		p = prepared{table: *w.ConditionCheck.TableName, keys: w.ConditionCheck.Key, condition: w.ConditionCheck.ConditionExpression,
			x: expression{names: w.ConditionCheck.ExpressionAttributeNames, values: w.ConditionCheck.ExpressionAttributeValues}}
	}
	p.key = keyText(p.table, p.keys)
	return &p
}

func (p *prepared) check(e *engine) (ok bool, err error) {
	for _, name := range keyNames[p.table] {
		if textOf(p.keys[name]) == "" {
			return false, fmt.Errorf("a key of %s has no %s", p.table, name)
		}
	}
	ok = p.condition == nil || p.x.holds(*p.condition, e.tables[p.table][p.key])
	if p.update != nil {
		p.item = p.x.updated(*p.update, p.keys, e.tables[p.table][p.key])
	}
	return ok, p.x.unused()
}

func (p *prepared) apply(e *engine) {
	switch {
	case p.remove:
		e.set(p.table, p.key, nil)
	case p.item != nil:
		e.set(p.table, p.key, p.item)
	}
}

// expression evaluates DynamoDB's expressions, as far as they are used here.
type expression struct {
	names  map[string]string
	values attributes
	used   map[string]bool
	tokens []string
}

var (
	token  = regexp.MustCompile(`[#:]?[A-Za-z_][A-Za-z_0-9]*|<=|>=|<>|[=<>(),+]`)
	parsed sync.Map // expressions to tokens
)

func tokensOf(s string) []string {
	if tokens, ok := parsed.Load(s); ok {
		return tokens.([]string)
	}
	tokens := token.FindAllString(s, -1)
	parsed.Store(s, tokens)
	return tokens
}

// reserved is those of DynamoDB's reserved words that name attributes of ours.
var reserved = []string{"data", "day", "name", "owner", "state", "status", "until", "url", "uuid"}

func (x *expression) unused() error {
	for name := range x.names {
		if !x.used[name] {
			return fmt.Errorf("%s is not used", name)
		}
	}
	for value := range x.values {
		if !x.used[value] {
			return fmt.Errorf("%s is not used", value)
		}
	}
	return nil
}

func (x *expression) next() string {
	if len(x.tokens) == 0 {
		return ""
	}
	first := x.tokens[0]
	x.tokens = x.tokens[1:]
	return first
}

func (x *expression) accept(words ...string) bool {
	if len(x.tokens) > 0 && slices.Contains(words, x.tokens[0]) {
		x.tokens = x.tokens[1:]
		return true
	}
	return false
}

func (x *expression) use(name string) {
	if x.used == nil {
		x.used = make(map[string]bool)
	}
	x.used[name] = true
}

func (x *expression) attribute() string {
	name := x.next()
	if strings.HasPrefix(name, "#") {
		x.use(name)
		return x.names[name]
	}
	if slices.Contains(reserved, name) {
		panic(name + " is a reserved word")
	}
	return name
}

func (x *expression) operand(item attributes) types.AttributeValue {
	if len(x.tokens) > 0 && strings.HasPrefix(x.tokens[0], ":") {
		name := x.next()
		x.use(name)
		if x.values[name] == nil {
			panic(name + " has no value")
		}
		return x.values[name]
	}
	return item[x.attribute()]
}

// sum is the value that an attribute is set to: an operand, a default for an
// absent attribute, or a sum.
func (x *expression) sum(item attributes) types.AttributeValue {
	var value types.AttributeValue
	if x.accept("if_not_exists") {
		x.next()
		value = item[x.attribute()]
		x.accept(",")
		if other := x.operand(item); value == nil {
			value = other
		}
		x.accept(")")
	} else {
		value = x.operand(item)
	}
	if !x.accept("+") {
		return value
	}
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(numberOf(value)+numberOf(x.operand(item)), 10)}
}

func (x *expression) holds(condition string, item attributes) bool {
	x.tokens = tokensOf(condition)
	result := x.or(item)
	if len(x.tokens) > 0 {
		panic(fmt.Sprintf("%q: %v is left", condition, x.tokens))
	}
	return result
}

func (x *expression) or(item attributes) bool {
	result := x.and(item)
	for x.accept("OR") {
		result = x.and(item) || result
	}
	return result
}

func (x *expression) and(item attributes) bool {
	result := x.term(item)
	for x.accept("AND") {
		result = x.term(item) && result
	}
	return result
}

func (x *expression) term(item attributes) bool {
	switch {
	case x.accept("("):
		defer x.accept(")")
		return x.or(item)
	case x.accept("attribute_not_exists"):
		x.next()
		defer x.accept(")")
		return item[x.attribute()] == nil
	case x.accept("attribute_exists"):
		x.next()
		defer x.accept(")")
		return item[x.attribute()] != nil
	}
	left := x.operand(item)
	operator := x.next()
	right := x.operand(item)
	if operator == "BETWEEN" {
		x.accept("AND")
		high := x.operand(item)
		return left != nil && compare(left, right) >= 0 && compare(left, high) <= 0
	}
	if left == nil || right == nil {
		return false
	}
	switch c := compare(left, right); operator {
	case "=":
		return c == 0
	case "<>":
		return c != 0
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	case ">=":
		return c >= 0
	}
	return false
}

func compare(a, b types.AttributeValue) int {
	n, isNumber := a.(*types.AttributeValueMemberN)
	m, areNumbers := b.(*types.AttributeValueMemberN)
	if isNumber && areNumbers {
		return int(numberOf(n) - numberOf(m))
	}
	if fmt.Sprintf("%T", a) != fmt.Sprintf("%T", b) {
		return -2
	}
	if _, isList := a.(*types.AttributeValueMemberL); isList {
		return strings.Compare(fmt.Sprint(elements(a)), fmt.Sprint(elements(b)))
	}
	return strings.Compare(textOf(a), textOf(b))
}

func elements(list types.AttributeValue) []string {
	var texts []string
	for _, v := range list.(*types.AttributeValueMemberL).Value {
		texts = append(texts, fmt.Sprintf("%q", textOf(v)))
	}
	return texts
}

func numberOf(v types.AttributeValue) int64 {
	n, _ := strconv.ParseInt(textOf(v), 10, 64)
	return n
}

func (x *expression) updated(update string, key, was attributes) attributes {
	item := maps.Clone(was)
	if item == nil {
		item = maps.Clone(key)
	}
	x.tokens = tokensOf(update)
	changed := make(map[string]bool)
	for section := ""; len(x.tokens) > 0; {
		switch {
		case x.accept("SET"):
			section = "SET"
		case x.accept("REMOVE"):
			section = "REMOVE"
		case x.accept("ADD"):
			section = "ADD"
		case !x.accept(","):
			panic(fmt.Sprintf("%q: %v is left", update, x.tokens))
		}
		name := x.attribute()
		if changed[name] {
			panic(fmt.Sprintf("%q changes %s twice", update, name))
		}
		changed[name] = true
		switch section {
		case "SET":
			x.accept("=")
			item[name] = x.sum(was)
		case "REMOVE":
			delete(item, name)
		case "ADD":
			item[name] = &types.AttributeValueMemberN{Value: strconv.FormatInt(numberOf(item[name])+numberOf(x.operand(was)), 10)}
		}
	}
	return item
}

// The adapters over one engine.

func (e *engine) apps() dynamo.Apps { return dynamo.Apps{API: e, Table: "apps"} }

func (e *engine) buffer() dynamo.Buffer { return dynamo.Buffer{API: e, Table: "buffer"} }

func (e *engine) standing() dynamo.Standing {
	return dynamo.Standing{API: e, Apps: "apps", Audit: "audit"}
}

func (e *engine) brake() dynamo.Brake { return dynamo.Brake{API: e, Table: "audit"} }

func (e *engine) put(appID, organizationID string) {
	e.tables["apps"][appID] = attributes{"id": text(appID), "status": text("internal"), "organization_id": text(organizationID),
		"name": text("Bot " + appID), "slug": text("bot"), "version": &types.AttributeValueMemberN{Value: "1"}}
}

var (
	noon     = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	allItems = cmpopts.IgnoreUnexported(types.AttributeValueMemberS{}, types.AttributeValueMemberN{}, types.AttributeValueMemberM{},
		types.AttributeValueMemberL{}, types.AttributeValueMemberBOOL{})
)
