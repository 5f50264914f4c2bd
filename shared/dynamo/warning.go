package dynamo

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/shared/platform"
	"hookwarden/shared/standing"
	"hookwarden/shared/tally"
)

// warnedStanding is the partition of the index state for an app whose owners are warned.
func warnedStanding(appID string) string { return warnedPrefix + fmt.Sprint(tally.Shard(appID)) }

const warnedPrefix = "warned#"

// ofWarning is the attributes of a warning, except standing.
func ofWarning() []string {
	return []string{"warned_at", "warned_reason", "warned_levels", "warned_level", "warned_day", "warned_cut_on", "warned_evidence",
		"warned_diagnosis", warnedMark(standing.PlatformTold), warnedMark(standing.OwnersTold), "recovered_at"}
}

// warnedMark is the name of a mark of a warning, or of a recovery.
func warnedMark(mark standing.Mark) string { return "warned_" + string(mark) }

func (i item) warned() platform.Warned {
	w := platform.Warned{
		At:     i.time("warned_at"),
		Reason: i.text("warned_reason"),
		Warning: platform.Warning{Level: platform.Level(i.text("warned_level")), Day: int(i.number("warned_day")),
			CutOn: i.text("warned_cut_on")},
		Evidence:       i.evidence("warned_evidence"),
		PlatformToldAt: i.time(warnedMark(standing.PlatformTold)),
		NotifiedAt:     i.time(warnedMark(standing.OwnersTold)),
		RecoveredAt:    i.time("recovered_at"),
		Diagnosis:      i.diagnosis("warned_diagnosis"),
	}
	for _, level := range i.texts("warned_levels") {
		w.Levels = append(w.Levels, platform.Level(level))
	}
	return w
}

// warn is the update of a warning. It removes everything of an earlier one.
func (t Standing) warn(c standing.Transition) *types.Update {
	set := item{"standing": text(warnedStanding(c.App.ID)), "warned_at": timestamp(c.At), "warned_levels": texts(c.Levels)}
	set.setText("warned_reason", string(c.Reason))
	set.setText("warned_level", string(c.Warning.Level))
	set.setText("warned_cut_on", c.Warning.CutOn)
	if c.Warning.Day > 0 {
		set["warned_day"] = number(int64(c.Warning.Day))
	}
	if len(c.Evidence) > 0 {
		set["warned_evidence"] = evidence(c.Evidence)
	}
	set.setDiagnosis("warned_diagnosis", c.Diagnosis)
	u := update(t.Apps, appKey(c.App.ID), set, slices.DeleteFunc(ofWarning(), func(name string) bool { return set[name] != nil }))
	return asWarned(u, c.App)
}

// recover notes that an app works again. The warning stays until everybody is told.
func (t Standing) recover(c standing.Transition) *types.Update {
	u := update(t.Apps, appKey(c.App.ID), item{"recovered_at": timestamp(c.At)},
		[]string{warnedMark(standing.PlatformTold), warnedMark(standing.OwnersTold)})
	return asWarned(u, c.App)
}

// asWarned adds the condition that an app still is as it was judged, and under the warning
// that was read.
func asWarned(u *types.Update, app platform.App) *types.Update {
	values := u.ExpressionAttributeValues
	u.ExpressionAttributeNames["#status"] = "status"
	u.ConditionExpression = aws.String(strings.Join([]string{asJudged(values, app),
		sameTime(values, "warned_at", app.Warned.At), sameTime(values, "recovered_at", app.Warned.RecoveredAt)}, " AND "))
	return u
}

// sameTime is sameText for a time, which is zero if there was none.
func sameTime(values item, name string, read time.Time) string {
	if read.IsZero() {
		return sameText(values, name, "")
	}
	return sameText(values, name, platform.FormatTime(read))
}

// markWarned marks a warning or a recovery. With the last mark of a recovery nothing is left
// of the warning, nor of one that is forgotten.
func (t Standing) markWarned(ctx context.Context, mark standing.Mark, c standing.Transition, now time.Time) error {
	u := update(t.Apps, appKey(c.App.ID), item{warnedMark(mark): timestamp(now)}, nil)
	condition := "warned_at = :at AND attribute_not_exists(recovered_at)"
	if c.Kind == standing.Recovered {
		condition = "recovered_at = :at"
	}
	if mark == standing.Forgotten || c.Kind == standing.Recovered && mark == standing.OwnersTold {
		u = update(t.Apps, appKey(c.App.ID), nil, append(ofWarning(), "standing"))
	}
	u.ExpressionAttributeValues[":at"] = timestamp(c.At)
	u.ConditionExpression = &condition
	return changed(updateOne(ctx, t.API, u))
}

// endWarning ends the warning of an app that becomes another receiver, or is deleted, in an
// update that has a condition. was is the app as it was read; it must still be under the
// same warning, or none, so that none is left that nobody read. While it is under one it is
// not disabled, so standing is the warning's.
func endWarning(u *types.Update, was item) {
	condition := *u.ConditionExpression + " AND " + sameText(u.ExpressionAttributeValues, "warned_at", was.text("warned_at"))
	if was["warned_at"] != nil {
		removeAlso(u, ofWarning())
	}
	if strings.HasPrefix(was.text("standing"), warnedPrefix) {
		removeAlso(u, []string{"standing"})
	}
	u.ConditionExpression = &condition
}

// removeAlso removes more attributes in an update that does not name them yet.
func removeAlso(u *types.Update, names []string) {
	expression, next := *u.UpdateExpression, ", "
	if !strings.Contains(expression, " REMOVE ") {
		next = " REMOVE "
	}
	for _, name := range names {
		expression, next = expression+next+"#"+name, ", "
		u.ExpressionAttributeNames["#"+name] = name
	}
	u.UpdateExpression = &expression
}

// ReadWarned implements disabling.Warnings.
func (t Standing) ReadWarned(ctx context.Context, shard int, found func(appID string)) error {
	return t.readState(ctx, warnedPrefix+fmt.Sprint(shard), func(apps []map[string]types.AttributeValue) error {
		for _, i := range apps {
			found(item(i).text("id"))
		}
		return nil
	})
}

// readState reads one partition of the index state.
func (t Standing) readState(ctx context.Context, partition string, found func(apps []map[string]types.AttributeValue) error) error {
	pages := dynamodb.NewQueryPaginator(t.API, &dynamodb.QueryInput{
		TableName:                 &t.Apps,
		IndexName:                 aws.String("state"),
		KeyConditionExpression:    aws.String("standing = :standing"),
		ExpressionAttributeValues: item{":standing": text(partition)},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		if err := found(page.Items); err != nil {
			return err
		}
	}
	return nil
}
