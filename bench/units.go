package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"hookwarden/bench/capacity"
	"hookwarden/bench/loopback"
	"hookwarden/bench/report"
	"hookwarden/template"
)

func (b *bench) measureUnits(ctx context.Context) (report.Section, error) {
	s := report.Section{Title: "DynamoDB write units", Notes: []string{
		"Worked out from what deliver sends, by DynamoDB's documented sizes, and the indexes of template.yaml. A write is charged for each begun KB, " +
			"and once more for an index whose entry is new; a counter that is updated in place does not change its index.",
		"The figures are of the first batch of an app's day, all ten of one app, whose first failure enters the index of failing days. RequestLog=all, bodies of 1,024 bytes.",
	}}
	tables, err := readTables(ctx)
	if err != nil {
		return s, err
	}
	for _, c := range []struct {
		name          string
		status, bytes int
		goal          float64
	}{
		{"200", http.StatusOK, 3, 1.1},
		{"400, with 199 bytes", http.StatusBadRequest, 199, 3.2},
		{"400, with 1,024 bytes", http.StatusBadRequest, 1024, 4.2},
	} {
		behave := loopback.Answers(c.status, strings.Repeat("x", c.bytes))
		used, err := usage(ctx, b.now.program("deliver"), tables, behave, "all", [][]string{{oneApp}})
		if err != nil {
			return s, err
		}
		f := report.Figure{Name: "write units per webhook, answered " + c.name, Format: "%.1f", Goal: report.Goal{Value: c.goal}}
		f.Add(used.WriteUnits/loopback.BatchSize, 0)
		s.Figures = append(s.Figures, f)
	}
	return s, nil
}

// readTables are deliver's tables as the template has them, by the names that
// they have here.
func readTables(ctx context.Context) (map[string]capacity.Table, error) {
	expanded, err := expand(ctx)
	if err != nil {
		return nil, err
	}
	tables := make(map[string]capacity.Table)
	for id, name := range map[string]string{"AppsTable": loopback.AppsTable, "SecretsTable": loopback.SecretsTable,
		"BufferTable": loopback.BufferTable, "RequestsTable": loopback.RequestsTable} {
		if tables[name], err = tableOf(expanded.Resources[id].Properties); err != nil {
			return nil, fmt.Errorf("read %s: %w", id, err)
		}
	}
	return tables, nil
}

// expand is this tree's template with every alarm.
func expand(ctx context.Context) (*template.Template, error) {
	if err := (build{name: "this tree", root: "."}).make(ctx, "setup"); err != nil {
		return nil, err
	}
	return template.Expand(ctx, ".", "AlarmEmail=a@b.example")
}

func tableOf(properties template.Object) (t capacity.Table, err error) {
	type keys []struct{ AttributeName string }
	var in struct {
		KeySchema              keys
		GlobalSecondaryIndexes []struct {
			KeySchema  keys
			Projection struct {
				ProjectionType   string
				NonKeyAttributes []string
			}
		}
	}
	text, err := json.Marshal(properties)
	if err != nil {
		return t, err
	}
	names := func(schema keys) (names []string) {
		for _, k := range schema {
			names = append(names, k.AttributeName)
		}
		return names
	}
	err = json.Unmarshal(text, &in)
	t.Key = names(in.KeySchema)
	for _, x := range in.GlobalSecondaryIndexes {
		if x.Projection.ProjectionType == "ALL" {
			return t, errors.New("what an index costs that projects everything is not known here")
		}
		t.Indexes = append(t.Indexes, capacity.Index{Key: names(x.KeySchema), Projects: x.Projection.NonKeyAttributes})
	}
	return t, err
}
