package platform

// OrganizationDelete erases an organization and what belongs to it: its owners, its
// apps and its audit entries. It leaves a tombstone.
type OrganizationDelete struct {
	OrganizationID string
	Version        int64
}

// Names implements RegistryMessage.
func (m OrganizationDelete) Names() []any {
	return []any{"type", typeOrganizationDelete, "organization_id", m.OrganizationID, "version", m.Version}
}
