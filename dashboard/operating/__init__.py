"""The operator's page: cameras at a glance, alerts, cues, and setting sessions up."""
