package dynamo

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/shared/platform"
)

type organizationsAPI interface {
	getAPI
	updateAPI
}

// Organizations is the Organizations table.
type Organizations struct {
	API   organizationsAPI
	Table string
}

// newer is the condition under which a change with the version :version is made.
const newer = "attribute_not_exists(version) OR version < :version"

// PutOrganization implements registry.Organizations.
func (t Organizations) PutOrganization(ctx context.Context, org platform.Organization) error {
	owners := make([]types.AttributeValue, len(org.Owners))
	for i, o := range org.Owners {
		owner := item{"email": text(o.Email)}
		owner.setText("name", o.Name)
		owners[i] = &types.AttributeValueMemberM{Value: owner}
	}
	set := item{"version": number(org.Version), "slug": text(org.Slug), "name": text(org.Name)}
	remove := []string{"deleted", "deleted_at"}
	if len(owners) > 0 {
		set["owners"] = &types.AttributeValueMemberL{Value: owners}
	} else {
		remove = append(remove, "owners")
	}
	if len(org.OwnerErrors) > 0 {
		set["owner_errors"] = texts(org.OwnerErrors)
	} else {
		remove = append(remove, "owner_errors")
	}
	u := update(t.Table, item{"id": text(org.ID)}, set, remove)
	u.ConditionExpression = aws.String(newer)
	err := updateOne(ctx, t.API, u)
	if conditionFailed(err) {
		return t.refusal(ctx, org.ID, set, remove)
	}
	return err
}

// ReadOrganization reads one organization, consistently.
func (t Organizations) ReadOrganization(ctx context.Context, id string) (platform.Organization, bool, error) {
	i, err := get(ctx, t.API, t.Table, item{"id": text(id)})
	if err != nil || i == nil {
		return platform.Organization{}, false, err
	}
	org := platform.Organization{ID: id, Version: i.number("version"), Slug: i.text("slug"), Name: i.text("name"),
		OwnerErrors: i.texts("owner_errors"), Deleted: i.bool("deleted")}
	for _, v := range i.list("owners") {
		if m, ok := v.(*types.AttributeValueMemberM); ok {
			o := item(m.Value)
			org.Owners = append(org.Owners, platform.Owner{Email: o.text("email"), Name: o.text("name")})
		}
	}
	return org, true, nil
}
