"""The button page of a household in a panel: who is watching, tapped on a phone or tablet in the living room."""
