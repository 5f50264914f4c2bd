package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"hookwarden/bench/capacity"
	"hookwarden/bench/report"
	"hookwarden/template"
)

// answersWith answers with a status and so many bytes.
func answersWith(status, bytes int) behaviour {
	body := []byte(strings.Repeat("x", bytes))
	return func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.WriteHeader(status)
		_, _ = w.Write(body)
	}
}

func (b *bench) measureUnits(ctx context.Context) (report.Section, error) {
	s := report.Section{Title: "DynamoDB write units", Notes: []string{
		"Worked out from what deliver sends, by DynamoDB's documented sizes, and the indexes of template.yaml. A write is charged for each begun KB, " +
			"and once more for an index whose entry is new or changes; a counter that is updated in place does not change its index.",
		"The figures are of the first batch of an app's day, whose first failure enters the index of failing days. RequestLog=all, bodies of 1,024 bytes.",
	}}
	tables, err := readTables(ctx)
	if err != nil {
		return s, err
	}
	later := report.Table{Title: "Write units per webhook, in batches of ten of one app",
		Head: []string{"answer", "first batch of the day", "later batches"}}
	for _, c := range []struct {
		name   string
		answer behaviour
		goal   float64
	}{
		{"200", answersWith(http.StatusOK, 3), 1.1},
		{"400, with 199 bytes", answersWith(http.StatusBadRequest, 199), 3.2},
		{"400, with 1,024 bytes", answersWith(http.StatusBadRequest, 1024), 4.2},
	} {
		first, second, err := writeUnits(ctx, b.now.program("deliver"), tables, c.answer)
		if err != nil {
			return s, err
		}
		f := report.Figure{Name: "write units per webhook, answered " + c.name, Format: "%.1f", Goal: report.Goal{Value: c.goal}}
		f.Add(first, 0)
		s.Figures = append(s.Figures, f)
		later.Rows = append(later.Rows, []string{c.name, fmt.Sprintf("%.1f", first), fmt.Sprintf("%.1f", second)})
	}
	s.Tables = []report.Table{later}
	return s, nil
}

// writeUnits are those per webhook of an app's first two batches.
func writeUnits(ctx context.Context, program string, tables map[string]capacity.Table, answer behaviour) (first, second float64, err error) {
	meter := capacity.NewMeter(tables)
	l, err := openLoopback(answer, nil)
	if err != nil {
		return 0, 0, err
	}
	defer l.close()
	l.aws.charge = meter.Charge
	d, err := startDeliver(ctx, program, settings{endpoint: l.aws.url})
	if err != nil {
		return 0, 0, err
	}
	defer d.stop()
	if err := d.send(batchSize); err != nil {
		return 0, 0, err
	}
	once := meter.Units().Write
	if err := d.send(batchSize); err != nil {
		return 0, 0, err
	}
	return once / batchSize, (meter.Units().Write - once) / batchSize, nil
}

// readTables are deliver's tables as the template has them, by the names that
// they have here.
func readTables(ctx context.Context) (map[string]capacity.Table, error) {
	if err := (build{name: "this tree", root: "."}).make(ctx, "setup"); err != nil {
		return nil, err
	}
	expanded, err := template.Expand(ctx, ".")
	if err != nil {
		return nil, err
	}
	tables := make(map[string]capacity.Table)
	for id, name := range map[string]string{"AppsTable": appsTable, "SecretsTable": secretsTable, "BufferTable": bufferTable, "RequestsTable": requestsTable} {
		if tables[name], err = tableOf(expanded.Resources[id].Properties); err != nil {
			return nil, fmt.Errorf("read %s: %w", id, err)
		}
	}
	return tables, nil
}

func tableOf(properties template.Object) (capacity.Table, error) {
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
	if err == nil {
		err = json.Unmarshal(text, &in)
	}
	if err != nil {
		return capacity.Table{}, err
	}
	names := func(schema keys) (names []string) {
		for _, k := range schema {
			names = append(names, k.AttributeName)
		}
		return names
	}
	t := capacity.Table{Key: names(in.KeySchema)}
	for _, x := range in.GlobalSecondaryIndexes {
		if x.Projection.ProjectionType == "ALL" {
			return t, fmt.Errorf("what an index costs that projects everything is not known here")
		}
		t.Indexes = append(t.Indexes, capacity.Index{Key: names(x.KeySchema), Projects: x.Projection.NonKeyAttributes})
	}
	return t, nil
}
