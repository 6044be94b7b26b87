"""The pages: what a store holds, drawn for people. Entry: `streamlit run dashboard/app.py`."""
