package v1alpha1

// EventCategory is what a message is about. People choose by it what they are sent.
// +kubebuilder:validation:Enum=General;Invoice;Product;Support
type EventCategory string

// The categories of the tenant's own events.
const (
	EventGeneral EventCategory = "General"
	EventInvoice EventCategory = "Invoice"
	EventProduct EventCategory = "Product"
	EventSupport EventCategory = "Support"
)

// EventDeclaration declares an event type of the tenant's own.
type EventDeclaration struct {
	// name is the event type, as custom.meterReading.
	// +required
	// +kubebuilder:validation:MinLength=8
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^custom\.[a-z][A-Za-z0-9]*$')`,message="must be custom. and a word of letters and digits that begins with a lower case letter, as custom.meterReading"
	Name string `json:"name,omitempty"`

	// description says when the event happens.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=500
	Description string `json:"description,omitempty"`

	// category is what a message about the event is about. General if not set.
	// +optional
	Category EventCategory `json:"category,omitempty"`

	// fields are what the event carries beside the account: in templates and conditions
	// each is data and its name, as data.reading.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Fields []EventField `json:"fields,omitempty"`
}

// EventFieldType is the type of a field.
// +kubebuilder:validation:Enum=Text;Integer;Decimal;Money;Date;Time;Boolean;URL
type EventFieldType string

// EventField is one field of an event.
type EventField struct {
	// name is the name of the field in the event's data.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[a-z][A-Za-z0-9]*$')`,message="must be a word of letters and digits that begins with a lower case letter, as reading"
	Name string `json:"name,omitempty"`

	// type is what the field holds: Text, Integer, Decimal, Money (a decimal string in the
	// account's currency), Date (2026-11-21), Time (RFC 3339), Boolean, or URL (https).
	// +required
	Type EventFieldType `json:"type,omitempty"`

	// description says what the field means.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=500
	Description string `json:"description,omitempty"`

	// sample is a value for previews and checks. Foyer takes one by the type if not set.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=500
	Sample string `json:"sample,omitempty"`
}
