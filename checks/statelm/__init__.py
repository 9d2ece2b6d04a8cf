"""The checks of the lab `statelm`: an LSTM that is handed its state and hands it back."""
